import type { EpochCount, RepeatedCellPlan } from "../attempt/cell-plan.js";
import type { RunError } from "../attempt/run-error.js";
import type { FolderCell } from "../plan/folder-cell.js";
import { type MetricSpread, spreadOf } from "../results/epoch-statistics.js";
import type { CompleteEpoch } from "../results/epochs-file.js";
import { mainMetric } from "../results/main-metric.js";
import type { FailureCounts, SummaryMetric, SummaryRow } from "../results/summary.js";

/** State of one epoch of a cell during the run. */
export interface EpochState extends EpochCount {
  aggregate: Aggregate | undefined;
}

/** An overall, and the digest of the journal lines that it was computed from. */
export type Aggregate = Pick<CompleteEpoch, "overall" | "digest">;

/** State of one cell during the run. Pure; times are monotonic milliseconds. */
export class CellState {
  readonly agent: string;
  readonly task: string;
  readonly epochs: EpochState[];
  readonly #plan: RepeatedCellPlan;
  readonly #taskErrors: number;
  /** Failures of this launch, by error. */
  readonly #failures: FailureCounts = {};
  /** Samples that failed for good in this launch, or that stay failed because of `keepFailed`. */
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
      // The aggregate of a task whose samples have changed since is outdated.
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

  /** Counts a sample that has a result. */
  accepted(epoch: number): void {
    this.#done += 1;
    const state = this.epochs.find((one) => one.epoch === epoch);
    if (state) state.done += 1;
  }

  /** Counts a sample that failed for good. */
  failed(error: RunError): void {
    this.#failed += 1;
    this.#failures[error] = (this.#failures[error] ?? 0) + 1;
  }

  /** Complete epochs without an overall. */
  toAggregate(): EpochState[] {
    return this.epochs.filter((epoch) => isComplete(epoch) && epoch.aggregate === undefined);
  }

  /** Epochs with an overall. */
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

/** The main metric of the single epoch, or its mean over several epochs. */
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
