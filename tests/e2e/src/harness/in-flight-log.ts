import { readFileSync } from "node:fs";

/** What the fixtures note: `+` at a start, `-` at an end, with the process and the time. */
export interface InFlightLog {
  /** The most that were in flight at once, in all processes together. */
  most: number;
  /** The same of each process, by its id. */
  mostByProcess: Map<string, number>;
  starts: number;
  ends: number;
  /** From the first start to the last end, in milliseconds. */
  spanMs: number;
}

/** Lines are appended by several processes, each whole; an end is noted before its slot is free, so none is missed. */
export function readInFlightLog(file: string): InFlightLog {
  const all = { inFlight: 0, most: 0, starts: 0, ends: 0 };
  const processes = new Map<string, { inFlight: number; most: number }>();
  const times: number[] = [];
  for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const [sign, pid = "", time] = line.split(" ");
    const own = processes.get(pid) ?? { inFlight: 0, most: 0 };
    processes.set(pid, own);
    for (const count of [all, own]) {
      count.inFlight += sign === "+" ? 1 : -1;
      count.most = Math.max(count.most, count.inFlight);
    }
    if (sign === "+") all.starts += 1;
    else all.ends += 1;
    times.push(Number(time));
  }
  const mostByProcess = new Map([...processes].map(([pid, { most }]) => [pid, most]));
  const spanMs = Math.max(...times) - Math.min(...times);
  return { most: all.most, mostByProcess, starts: all.starts, ends: all.ends, spanMs };
}
