import { type ConfigProblems, describeValue, isMapping } from "@eval/protocol/config";

/** How many workers of which task, in order. */
export type TaskCounts = [task: string, workers: number][];

/** `NAME NUM NAME NUM ...` as on the command line, or a mapping from name to number. */
export type StartOption = readonly string[] | Readonly<Record<string, number>>;

/** The counts of `--start`, otherwise those of the file's `start`; problems are reported, and invalid entries skipped. */
export function readTaskCounts(option: StartOption | undefined, inFile: unknown, problems: ConfigProblems): TaskCounts {
  if (option === undefined) return fromMapping(inFile ?? {}, "start", problems.file, problems);
  return isList(option) ? fromList(option, problems) : fromMapping(option, "--start", "", problems);
}

function isList(option: StartOption): option is readonly string[] {
  return Array.isArray(option);
}

function fromList(list: readonly string[], problems: ConfigProblems): TaskCounts {
  const counts = new Map<string, number>();
  if (list.length % 2 !== 0) {
    problems.add("--start", `expected pairs NAME NUM, received ${list.length} words: ${list.join(" ")}`, "");
  }
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = list[at] as string;
    const text = list[at + 1] as string;
    const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (counts.has(name)) problems.add("--start", `${name} is named twice`, "");
    else if (!isCount(count)) {
      problems.add("--start", `${name}: expected a positive integer, received ${JSON.stringify(text)}`, "");
    } else counts.set(name, count);
  }
  return [...counts];
}

function fromMapping(value: unknown, key: string, file: string | undefined, problems: ConfigProblems): TaskCounts {
  if (!isMapping(value)) {
    problems.add(key, `expected a mapping of tasks to numbers of workers, received ${describeValue(value)}`, file);
    return [];
  }
  return Object.entries(value).filter((entry): entry is [string, number] => {
    const [name, count] = entry;
    if (isCount(count)) return true;
    problems.add([key, name], `expected a positive integer, received ${describeValue(count)}`, file);
    return false;
  });
}

function isCount(count: unknown): count is number {
  return Number.isSafeInteger(count) && (count as number) > 0;
}
