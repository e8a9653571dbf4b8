import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";
import type { Overall } from "../attempt/overall.js";
import { cellFolder, fileNames } from "./cell-folder.js";
import { writeFileDurably } from "./durable-files.js";
import { type EpochStatistics, metricsOf, PassCount } from "./epoch-statistics.js";
import { readResults } from "./resume.js";

/** One complete epoch of a cell. */
export interface CompleteEpoch {
  epoch: number;
  overall: Overall;
  /** Digest of the lines from which the overall was computed, see ResultDigest. */
  digest: string;
}

/**
 * Writes `{output}/{agent}/{task}/epochs.json` over the complete epochs, if there are at least two, unless it is up to
 * date. Overalls are read from memory, scores from the journals.
 * @param own filters out results that are not of the task's samples
 */
export async function writeEpochs(
  output: string,
  cell: { agent: string; task: string },
  complete: readonly CompleteEpoch[],
  own: (results: ReturnType<typeof readResults>) => AsyncIterable<TaskOutput>,
  mayReplace?: () => Promise<void>,
): Promise<void> {
  if (await saysEpochs(output, cell, complete)) return;
  const { epochs, results_sha256, metrics } = summaryOf(complete);
  const passes = new PassCount();
  for (const epoch of epochs) {
    for await (const result of own(readResults(output, { ...cell, epoch }))) passes.add(result);
  }
  const statistics: EpochStatistics = { epochs, results_sha256, metrics, pass_at_k: passes.passAtK() };
  await writeFileDurably(fileOf(output, cell), `${JSON.stringify(statistics, undefined, 4)}\n`, mayReplace);
}

/** Whether epochs.json exists and was computed from these results. */
export async function saysEpochs(
  output: string,
  cell: { agent: string; task: string },
  complete: readonly CompleteEpoch[],
): Promise<boolean> {
  const present = await readEpochs(fileOf(output, cell));
  const { epochs, results_sha256, metrics } = summaryOf(complete);
  const said = [present?.epochs, present?.results_sha256, present?.metrics];
  return JSON.stringify(said) === JSON.stringify([epochs, results_sha256, metrics]);
}

function summaryOf(complete: readonly CompleteEpoch[]): Omit<EpochStatistics, "pass_at_k"> {
  return {
    epochs: complete.map(({ epoch }) => epoch),
    results_sha256: complete.map(({ digest }) => digest),
    metrics: metricsOf(complete.map(({ overall }) => overall)),
  };
}

function fileOf(output: string, cell: { agent: string; task: string }): string {
  return join(cellFolder(output, { ...cell, epoch: 1 }), fileNames.epochs);
}

async function readEpochs(file: string): Promise<Partial<EpochStatistics> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Partial<EpochStatistics>;
  } catch {
    // Missing or damaged: it is computed again.
    return undefined;
  }
}
