import type { EpochCount, RepeatedCellPlan } from "../attempt/cell-plan.js";
import type { RunError } from "../attempt/run-error.js";
import type { FolderCell } from "../plan/folder-cell.js";
import { type MetricSpread, spreadOf } from "../results/epoch-statistics.js";
import type { CompleteEpoch } from "../results/epochs-file.js";
import { mainMetric } from "../results/main-metric.js";
import type { FailureCounts, SummaryMetric, SummaryRow } from "../results/summary.js";

/** One epoch of a cell while the run goes on. */
export interface EpochState extends EpochCount {
  aggregate: Aggregate | undefined;
}

/** An overall, and the digest of the lines that it was made of. */
export type Aggregate = Pick<CompleteEpoch, "overall" | "digest">;

/** One cell while the run goes on. Pure; times are monotonic milliseconds. */
export class CellState {
  readonly agent: string;
  readonly task: string;
  readonly epochs: EpochState[];
  readonly #plan: RepeatedCellPlan;
  readonly #taskErrors: number;
  /** Of this launch, by their error. */
  readonly #failures: FailureCounts = {};
  /** Failed for good in this launch, or kept as failed. */
  #failed: number;
  #done: number;
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  constructor(plan: RepeatedCellPlan, folder: FolderCell) {
    this.agent = plan.agent;
    this.task = plan.task;
    this.#plan = plan;
    this.#done = plan.done;
    this.#failed = plan.excluded.filter(({ reason }) => reason === "failed before").length;
    this.#taskErrors = folder.epochs.reduce((sum, { recorded }) => sum + recorded.taskErrors, 0);
    const found = new Map(folder.epochs.map((epoch) => [epoch.epoch, epoch]));
    this.epochs = plan.epochs.map((count) => {
      const { overall, recorded } = found.get(count.epoch) ?? {};
      // An aggregate of a set that has grown or shrunk since says nothing of what it is now.
      const isOfAll = count.done === count.total && overall?.total === count.total;
      return { ...count, aggregate: isOfAll && recorded ? { overall, digest: recorded.digest } : undefined };
    });
  }

  started(now: number): void {
    this.#startedAt ??= now;
  }

  ended(now: number): void {
    this.#endedAt = now;
  }

  /** A sample has a result. */
  accepted(epoch: number): void {
    this.#done += 1;
    const state = this.epochs.find((one) => one.epoch === epoch);
    if (state) state.done += 1;
  }

  /** A sample has failed for good. */
  failed(error: RunError): void {
    this.#failed += 1;
    this.#failures[error] = (this.#failures[error] ?? 0) + 1;
  }

  /** Epochs whose samples all have a result, and that have no overall yet. */
  toAggregate(): EpochState[] {
    return this.epochs.filter((epoch) => isComplete(epoch) && epoch.aggregate === undefined);
  }

  /** Epochs with their overall. */
  complete(): CompleteEpoch[] {
    return this.epochs.flatMap(({ epoch, aggregate }) => (aggregate ? [{ epoch, ...aggregate }] : []));
  }

  row(): SummaryRow {
    const [startedAt, endedAt] = [this.#startedAt, this.#endedAt];
    return {
      agent: this.agent,
      task: this.task,
      done: this.#done,
      failed: this.#failed,
      failures: this.#failures,
      remaining: Math.max(0, this.#plan.total - this.#done - this.#failed),
      taskErrors: this.#taskErrors,
      metric: metricOf(this.task, this.complete()),
      seconds: startedAt === undefined || endedAt === undefined ? undefined : (endedAt - startedAt) / 1000,
    };
  }
}

function isComplete({ done, total }: EpochState): boolean {
  return done > 0 && done >= total;
}

/** The main metric of the one epoch, or its mean over several. */
function metricOf(task: string, epochs: readonly CompleteEpoch[]): SummaryMetric | undefined {
  const metrics = epochs.map(({ overall }) => mainMetric(task, overall.custom));
  const name = metrics.find((metric) => metric !== undefined)?.name;
  const values = metrics.flatMap((metric) => (metric?.name === name && metric ? [metric.value] : []));
  if (name === undefined) return undefined;
  const { mean, standard_error: error }: MetricSpread = spreadOf(values);
  return values.length === 1
    ? { name, value: mean }
    : { name, value: mean, standardError: error ?? undefined, epochs: values.length };
}
