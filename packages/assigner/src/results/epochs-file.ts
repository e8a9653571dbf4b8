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
  const file = join(cellFolder(output, { ...cell, epoch: 1 }), fileNames.epochs);
  const epochs = complete.map(({ epoch }) => epoch);
  const metrics = metricsOf(complete.map(({ overall }) => overall));
  const present = await readEpochs(file);
  if (present && JSON.stringify([present.epochs, present.metrics]) === JSON.stringify([epochs, metrics])) return;
  const passes = new PassCount();
  for (const epoch of epochs) {
    for await (const result of own(readResults(output, { ...cell, epoch }))) passes.add(result);
  }
  const statistics: EpochStatistics = { epochs, metrics, pass_at_k: passes.passAtK() };
  await writeFileDurably(file, `${JSON.stringify(statistics, undefined, 4)}\n`);
}

async function readEpochs(file: string): Promise<Partial<EpochStatistics> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Partial<EpochStatistics>;
  } catch {
    // Not there, or damaged: it is made anew.
    return undefined;
  }
}
