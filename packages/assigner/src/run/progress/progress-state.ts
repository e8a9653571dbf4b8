import type { EvaluationEvent } from "../../attempt/run-events.js";
import type { FailureCounts } from "../../results/summary.js";

type Settled = Extract<EvaluationEvent, { type: "settled" }>;

/** Counts of the whole run, or of one agent. */
export interface Counts {
  total: number;
  /** Samples with a result, including those of earlier launches. */
  done: number;
  failed: number;
  /** The failed samples, by error. */
  failures: FailureCounts;
  /** Samples settled in this launch: the basis of the rate. */
  fresh: number;
}

/** State of the progress display, folded from a run's events. Pure; the time (milliseconds) is an argument. */
export class ProgressState {
  readonly total: Counts = noCounts();
  readonly agents = new Map<string, Counts>();
  inFlight = 0;
  #startedAt: number | undefined;

  apply(event: EvaluationEvent, now: number): void {
    if (event.type === "planned") {
      this.#startedAt = now;
      for (const cell of event.cells) for (const counts of this.#countsOf(cell.agent)) addPlanned(counts, cell);
    } else if (event.type === "granted") this.inFlight += 1;
    else if (event.type === "ended") this.inFlight -= 1;
    else if (event.type === "settled") {
      for (const counts of this.#countsOf(event.agent)) addSettled(counts, event);
    }
  }

  /** Samples settled per second in this launch. */
  rate(counts: Counts, now: number): number {
    const seconds = this.#startedAt === undefined ? 0 : (now - this.#startedAt) / 1000;
    return seconds > 0 ? counts.fresh / seconds : 0;
  }

  /** Seconds until the end at the current rate; undefined while the rate is 0. */
  eta(counts: Counts, now: number): number | undefined {
    const rate = this.rate(counts, now);
    return rate > 0 ? (counts.total - counts.done - counts.failed) / rate : undefined;
  }

  #countsOf(agent: string): Counts[] {
    const known = this.agents.get(agent) ?? noCounts();
    this.agents.set(agent, known);
    return [this.total, known];
  }
}

function noCounts(): Counts {
  return { total: 0, done: 0, failed: 0, failures: {}, fresh: 0 };
}

function addPlanned(counts: Counts, { total, done }: { total: number; done: number }): void {
  counts.total += total;
  counts.done += done;
}

function addSettled(counts: Counts, { accepted, retried, error }: Settled): void {
  if (retried) return;
  if (accepted) counts.done += 1;
  else {
    counts.failed += 1;
    const kind = error ?? "TASK_ERROR";
    counts.failures[kind] = (counts.failures[kind] ?? 0) + 1;
  }
  counts.fresh += 1;
}
