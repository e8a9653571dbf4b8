import { appendFileSync, readFileSync } from "node:fs";

/** What the fixtures note: `+` at a start, `-` at an end, with the process and the time. */
export interface InFlightLog {
  /** The most that were in flight at once, in all processes together. */
  most: number;
  /** The same of each process, by its id. */
  mostByProcess: Map<string, number>;
  starts: number;
  ends: number;
  /** Of what is named behind the time: that which two living processes had in flight at once. */
  twice: string[];
}

/** Lines are appended by several processes, each whole; an end is noted before its slot is free, so none is missed. */
export function readInFlightLog(file: string): InFlightLog {
  const log = new InFlight();
  for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const [sign, pid = "", , name = ""] = line.split(" ");
    if (sign === "x") log.killed(pid);
    else log.note(sign === "+", pid, name);
  }
  return log.result();
}

/** Notes that a process is about to be killed: what it has in flight ends there, and what it still says is not heard. */
export function noteKill(file: string, pid: number): void {
  appendFileSync(file, `x ${pid} ${Date.now()}\n`);
}

class InFlight {
  #most = 0;
  #starts = 0;
  #ends = 0;
  readonly #twice = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #processes = new Map<string, { names: string[]; most: number }>();

  note(isStart: boolean, pid: string, name: string): void {
    if (this.#dead.has(pid)) return;
    const own = this.#processes.get(pid) ?? { names: [], most: 0 };
    this.#processes.set(pid, own);
    if (isStart) this.#start(own, name);
    else this.#end(own, name);
  }

  killed(pid: string): void {
    this.#dead.add(pid);
    this.#processes.get(pid)?.names.splice(0);
  }

  result(): InFlightLog {
    const mostByProcess = new Map([...this.#processes].map(([pid, { most }]) => [pid, most]));
    const counts = { most: this.#most, starts: this.#starts, ends: this.#ends };
    return { ...counts, mostByProcess, twice: [...this.#twice] };
  }

  #start(own: { names: string[]; most: number }, name: string): void {
    const all = [...this.#processes.values()];
    if (name !== "" && all.some((other) => other !== own && other.names.includes(name))) this.#twice.add(name);
    own.names.push(name);
    own.most = Math.max(own.most, own.names.length);
    this.#most = Math.max(
      this.#most,
      all.reduce((sum, { names }) => sum + names.length, 0),
    );
    this.#starts += 1;
  }

  #end(own: { names: string[] }, name: string): void {
    own.names.splice(own.names.indexOf(name), 1);
    this.#ends += 1;
  }
}
