import { join } from "node:path";
import type { SampleIndex, TaskOutput } from "@eval/protocol";
import { type CellRef, cellFolder, fileNames } from "./cell-folder.js";
import { type JournalLine, parseLine } from "./journal-record.js";
import { journalLines, readJournal } from "./read-journal.js";
import { repairJournal } from "./repair-journal.js";
import { ResultDigest } from "./result-digest.js";

/** The recorded results of one cell and epoch; extends the plan's RecordedEpoch. */
export interface RecordedCell extends CellRef {
  /** Indices with a result, in file order. */
  accepted: Set<SampleIndex>;
  /** Indices with failed attempts and no result. */
  failed: Set<SampleIndex>;
  /** Accepted results with the status `task error`: only v0.2 writes such lines into runs.jsonl. */
  taskErrors: number;
  /** Number of all failed attempts. */
  failedAttempts: number;
  /** Versions of the task in its results; more than one must not be mixed. */
  taskVersions: Set<string>;
  /** Number of lines in runs.jsonl without a result. They stay, and their samples are run again. */
  unusable: number;
  /** Digest of the accepted lines, see {@link ResultDigest}. */
  digest: string;
  /** Descriptions of damage and its repair. */
  repairs: string[];
}

/**
 * Reads and repairs a cell's journal, ours or v0.2's. Keeps indices in memory, but no outputs. The caller holds the
 * folder's lock.
 *
 * @param mayWrite called before a repair; its rejection is passed on
 */
export async function readRecordedCell(
  output: string,
  { agent, task, epoch }: CellRef,
  mayWrite: () => Promise<void> = async () => {},
): Promise<RecordedCell> {
  const cell: RecordedCell = {
    agent,
    task,
    epoch,
    accepted: new Set(),
    failed: new Set(),
    taskErrors: 0,
    failedAttempts: 0,
    taskVersions: new Set(),
    unusable: 0,
    digest: "",
    repairs: [],
  };
  const digest = new ResultDigest();
  const folder = cellFolder(output, cell);
  const readAndRepair = async (path: string, visit: (line: JournalLine, text: string) => void): Promise<void> => {
    const damage = await readJournal(path, visit);
    await mayWrite();
    cell.repairs.push(...(await repairJournal(path, damage)));
  };
  await readAndRepair(join(folder, fileNames.runs), (line, text) => {
    if (noteRun(cell, line)) digest.add(text);
  });
  cell.digest = digest.finish();
  if (cell.unusable > 0) cell.repairs.push(unusableLines(folder, cell.unusable));
  await readAndRepair(join(folder, fileNames.error), (line) => {
    cell.failedAttempts++;
    if (!cell.accepted.has(line.index)) cell.failed.add(line.index);
  });
  return cell;
}

function unusableLines(folder: string, count: number): string {
  return `${join(folder, fileNames.runs)}: ${count} lines have no result; they are kept, and their samples are run again`;
}

/** Whether the line is a result that counts. */
function noteRun(cell: RecordedCell, line: JournalLine): boolean {
  if (!isResult(line)) cell.unusable++;
  if (!isResult(line) || cell.accepted.has(line.index)) return false;
  cell.accepted.add(line.index);
  if (line.output.status === "task error") cell.taskErrors++;
  if (line.taskVersion !== null) cell.taskVersions.add(line.taskVersion);
  return true;
}

type ResultLine = JournalLine & { output: TaskOutput };

/** In runs.jsonl, every line is a result unless it contains an error or lacks an output. */
function isResult(line: JournalLine): line is ResultLine {
  return line.error === null && line.output !== null;
}

/**
 * The accepted outputs of a cell and epoch, one at a time: the first line of each index, with the line's index.
 *
 * @param digest receives the line of each of them
 */
export async function* readResults(
  output: string,
  cell: CellRef,
  digest?: ResultDigest,
): AsyncGenerator<TaskOutput & { index: SampleIndex }> {
  const seen = new Set<SampleIndex>();
  for await (const { text } of journalLines(join(cellFolder(output, cell), fileNames.runs))) {
    const line = parseLine(text);
    if (line === undefined || !isResult(line) || seen.has(line.index)) continue;
    seen.add(line.index);
    digest?.add(text);
    yield { ...line.output, index: line.index };
  }
}
