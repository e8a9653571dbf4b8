import { setTimeout as sleep } from "node:timers/promises";
import { hasMark } from "./launch-mark.js";
import { processIds, readEnviron, readStat } from "./proc-files.js";

/** How often new processes are looked for, in milliseconds. */
const lookEveryMs = 1_000;

/** How long processes may take to end after SIGKILL, in milliseconds. */
const endWithinMs = 2_000;

/**
 * All that some processes have started, also what has left their group and session. A process is known by two signs:
 * the mark in its environment, which it keeps when its parent has ended, and its parent, which tells also where it has
 * overwritten or emptied its environment (as redis-server and PostgreSQL do). Each is known with its start time, so
 * that no other process is meant that has its id later. Only Linux can tell; elsewhere there seem to be none.
 */
export class Descendants {
  /** Start times of the processes, by their ids. */
  readonly #known = new Map<number, string>();
  /** Of the latest look: only new processes have to be read. */
  #seen: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly mark: string) {}

  /** Looks for new ones from now on, without keeping this process alive. */
  watch(): void {
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  /** What this process starts is meant, and the process itself. */
  add(pid: number): void {
    const started = readStat(pid)?.started;
    if (started !== undefined) this.#known.set(pid, started);
  }

  look(): void {
    const ids = processIds();
    let strangers = ids.filter((pid) => !this.#seen.has(pid) && !this.#known.has(pid) && pid !== process.pid);
    this.#seen = new Set(ids);
    // This must come first: another process may have the id of an ended one, and its own children.
    for (const [pid, started] of this.#known) if (readStat(pid)?.started !== started) this.#known.delete(pid);
    // A child may come before its parent.
    for (let before = -1; before !== this.#known.size; ) {
      before = this.#known.size;
      strangers = strangers.filter((pid) => !this.#recognize(pid));
    }
  }

  /** SIGKILL to all that live. Synchronous. Returns how many there were. */
  kill(): number {
    this.look();
    const alive = [...this.#known].filter(([pid, started]) => readStat(pid)?.started === started);
    for (const [pid] of alive) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    return alive.length;
  }

  /** Ends all, with what they start meanwhile, and looks no more. Resolves when they are gone, as far as that can be had. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    const deadline = performance.now() + endWithinMs;
    while (this.kill() > 0 && performance.now() < deadline) await sleep(20);
  }

  #recognize(pid: number): boolean {
    const stat = readStat(pid);
    if (stat === undefined || !(this.#known.has(stat.parent) || hasMark(readEnviron(pid), this.mark))) return false;
    this.#known.set(pid, stat.started);
    return true;
  }
}
