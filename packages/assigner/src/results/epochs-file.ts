import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";
import { cellFolder, fileNames } from "./cell-folder.js";
import { writeFileDurably } from "./durable-files.js";
import { type EpochStatistics, metricsOf, PassCount } from "./epoch-statistics.js";
import type { Overall } from "./overall.js";
import { readResults } from "./resume.js";

/** One complete epoch of a cell. */
export interface CompleteEpoch {
  epoch: number;
  overall: Overall;
}

/**
 * Writes `{output}/{agent}/{task}/epochs.json` over the complete epochs, at least two, unless it says the same already.
 * Overalls are read from memory, scores from the journals.
 * @param own leaves out what is no sample of the task
 */
export async function writeEpochs(
  output: string,
  cell: { agent: string; task: string },
  complete: readonly CompleteEpoch[],
  own: (results: ReturnType<typeof readResults>) => AsyncIterable<TaskOutput>,
): Promise<void> {
  if (await saysEpochs(output, cell, complete)) return;
  const { epochs, metrics } = summaryOf(complete);
  const passes = new PassCount();
  for (const epoch of epochs) {
    for await (const result of own(readResults(output, { ...cell, epoch }))) passes.add(result);
  }
  const statistics: EpochStatistics = { epochs, metrics, pass_at_k: passes.passAtK() };
  await writeFileDurably(fileOf(output, cell), `${JSON.stringify(statistics, undefined, 4)}\n`);
}

/** Whether epochs.json is there, and about these overalls. */
export async function saysEpochs(
  output: string,
  cell: { agent: string; task: string },
  complete: readonly CompleteEpoch[],
): Promise<boolean> {
  const present = await readEpochs(fileOf(output, cell));
  const { epochs, metrics } = summaryOf(complete);
  return JSON.stringify([present?.epochs, present?.metrics]) === JSON.stringify([epochs, metrics]);
}

function summaryOf(complete: readonly CompleteEpoch[]): Pick<EpochStatistics, "epochs" | "metrics"> {
  return { epochs: complete.map(({ epoch }) => epoch), metrics: metricsOf(complete.map(({ overall }) => overall)) };
}

function fileOf(output: string, cell: { agent: string; task: string }): string {
  return join(cellFolder(output, { ...cell, epoch: 1 }), fileNames.epochs);
}

async function readEpochs(file: string): Promise<Partial<EpochStatistics> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Partial<EpochStatistics>;
  } catch {
    // Not there, or damaged: it is made anew.
    return undefined;
  }
}
