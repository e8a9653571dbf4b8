import { isCodedError, type Json, messageOf, type TaskOutput } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { Settlement } from "../dispatch/center-options.js";
import { cellFolder } from "../results/cell-folder.js";
import { isAccepted, type RunError, type RunRecord } from "../results/journal-record.js";
import { mainMetric } from "../results/main-metric.js";
import { type Overall, OverallFold, writeOverall } from "../results/overall.js";
import { readResults } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";
import type { FailureCounts, SummaryRow } from "../results/summary.js";
import { persist } from "../session/persist.js";
import type { TaskClient } from "../session/task-client.js";
import type { KnownTask } from "./await-tasks.js";
import type { EvaluationEvent } from "./events.js";
import type { CellPlan } from "./plan.js";
import type { FolderCell } from "./prepare-plan.js";
import { TaskResults } from "./task-results.js";

export interface CellResultsOptions {
  output: string;
  log: RunLog;
  logger: Logger;
  tasks: ReadonlyMap<string, TaskClient>;
  known: ReadonlyMap<string, KnownTask>;
  /** Ends aggregates under way. */
  signal: AbortSignal;
  onEvent: (event: EvaluationEvent) => void;
  /** Takes secrets out of what an agent or a task said went wrong. */
  redact: (text: string) => string;
  /** How long a worker that could aggregate is waited for, in milliseconds. */
  patienceMs: number;
}

/** Aggregates under way at once: each reads a journal and holds a request. */
const maxAggregates = 4;

/** A failure's text in the log; the journal has all of it. */
const shownCharacters = 300;

/** One cell while the run goes on. */
interface Cell {
  plan: CellPlan;
  done: number;
  /** Failed for good in this launch, or kept as failed. */
  failed: number;
  failures: FailureCounts;
  taskErrors: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  overall: Overall | undefined;
}

/** Writes outcomes down and aggregates each cell as soon as all its samples have a result. */
export class CellResults {
  readonly #cells = new Map<string, Cell>();
  readonly #toAggregate: Cell[] = [];
  readonly #aggregating = new Set<Promise<void>>();
  readonly #failuresShown = new Set<string>();
  #overallFailed = false;

  constructor(
    plans: readonly CellPlan[],
    folder: readonly FolderCell[],
    private readonly options: CellResultsOptions,
  ) {
    plans.forEach((plan, at) => {
      const { recorded, overall } = folder[at] as FolderCell;
      const failed = plan.excluded.filter(({ reason }) => reason === "failed before").length;
      const times = { startedAt: undefined, endedAt: undefined };
      // An aggregate of a set that has grown since says nothing of the whole.
      const valid = plan.remaining.length === 0 ? overall : undefined;
      const cell = {
        plan,
        done: plan.done,
        failed,
        failures: {},
        taskErrors: recorded.taskErrors,
        overall: valid,
        ...times,
      };
      this.#cells.set(keyOf(plan), cell);
      this.#aggregateIfComplete(cell);
    });
  }

  /** Whether the aggregate of some complete cell could not be made. */
  get overallFailed(): boolean {
    return this.#overallFailed;
  }

  /** Whether every cell with all its results has its aggregate. */
  get isAggregated(): boolean {
    return [...this.#cells.values()].every(({ plan, done, overall }) => done < plan.total || done === 0 || overall);
  }

  started({ agent, task }: { agent: string; task: string }): void {
    const cell = this.#cells.get(keyOf({ agent, task })) as Cell;
    cell.startedAt ??= performance.now();
  }

  /** Resolves when the outcome is on disk; only then the sample counts. */
  async record(settlement: Settlement): Promise<void> {
    const { grant, retried } = settlement;
    const record = this.#recordOf(settlement);
    const recording = await this.options.log.append(record);
    const cell = this.#cells.get(keyOf(grant)) as Cell;
    cell.endedAt = performance.now();
    const accepted = isAccepted(record) && recording === "recorded";
    if (accepted) cell.done += 1;
    else if (!isAccepted(record) && !retried) countFailure(cell, record.error ?? "TASK_ERROR");
    const { agent, task, index, epoch, error, info } = record;
    if (!accepted) this.#showFirst(record);
    this.options.onEvent({ type: "settled", agent, task, index, epoch, accepted, retried, error, info });
    this.#aggregateIfComplete(cell);
  }

  /** Resolves when every aggregate is written, or was given up. */
  async settled(): Promise<void> {
    while (this.#aggregating.size > 0) await Promise.all(this.#aggregating);
  }

  rows(): SummaryRow[] {
    return [...this.#cells.values()].map(
      ({ plan, done, failed, failures, taskErrors, startedAt, endedAt, overall }) => ({
        agent: plan.agent,
        task: plan.task,
        done,
        failed,
        failures,
        remaining: Math.max(0, plan.total - done - failed),
        taskErrors,
        metric: mainMetric(plan.task, overall?.custom),
        seconds: startedAt === undefined || endedAt === undefined ? undefined : (endedAt - startedAt) / 1000,
      }),
    );
  }

  #recordOf({ grant, outcome, durationMs }: Settlement): RunRecord {
    const { agent, task, index, epoch, number } = grant;
    const version = this.options.known.get(task)?.version;
    const extra: Record<string, Json> = { attempt: number, duration_ms: Math.round(durationMs) };
    if (version !== undefined) extra.task_version = version;
    if (outcome.sessionId !== undefined) extra.session_id = outcome.sessionId;
    const isFailed = outcome.kind === "failed";
    const { redact } = this.options;
    const why = isFailed ? { error: outcome.error, info: redact(outcome.info) } : { error: null, info: null };
    return { agent, task, epoch, index, ...why, output: outcome.output, extra };
  }

  /** The first failure of each kind is worth a line in the log; all are in the journal. */
  #showFirst({ agent, task, index, error, info, output }: RunRecord): void {
    const kind = error ?? output?.status ?? "late";
    const key = JSON.stringify([agent, task, kind]);
    if (this.#failuresShown.has(key)) return;
    this.#failuresShown.add(key);
    const text = (info ?? "").slice(0, shownCharacters);
    const rest = "further ones of this kind are only counted; error.jsonl has them all";
    this.options.logger.warn(`${agent} / ${task}: sample ${index}: ${kind}${text && `: ${text}`} (${rest})`);
  }

  #aggregateIfComplete(cell: Cell): void {
    if (cell.overall !== undefined || cell.done === 0 || cell.done < cell.plan.total) return;
    this.#toAggregate.push(cell);
    this.#startAggregates();
  }

  #startAggregates(): void {
    while (this.#aggregating.size < maxAggregates) {
      const cell = this.#toAggregate.shift();
      if (cell === undefined) return;
      const aggregate = this.#aggregate(cell).finally(() => {
        this.#aggregating.delete(aggregate);
        this.#startAggregates();
      });
      this.#aggregating.add(aggregate);
    }
  }

  async #aggregate(cell: Cell): Promise<void> {
    const { output, logger, onEvent, signal, patienceMs } = this.options;
    const { agent, task } = cell.plan;
    try {
      const overall = await persist(() => this.#overallOf(cell), isPassing, { patienceMs, signal, workerTries: 10 });
      cell.overall = overall;
      await writeOverall(cellFolder(output, { agent, task, epoch: 1 }), overall);
      onEvent({ type: "overall", agent, task, overall });
    } catch (error) {
      if (signal.aborted) return;
      this.#overallFailed = true;
      logger.error(
        `${agent} / ${task}: the overall could not be made; the next launch tries again: ${messageOf(error)}`,
      );
    }
  }

  async #overallOf({ plan: { agent, task } }: Cell): Promise<Overall> {
    const { output, tasks, known, signal } = this.options;
    const fold = new OverallFold();
    const own = new TaskResults(known.get(task)?.indices ?? []);
    const results = fold.through(own.of(readResults(output, { agent, task, epoch: 1 })));
    const sent = known.get(task)?.needsHistory === false ? withoutHistory(results) : results;
    const custom = await (tasks.get(task) as TaskClient).calculateOverall(sent, signal);
    return fold.finish(custom, own.others);
  }
}

function countFailure(cell: Cell, error: RunError): void {
  cell.failed += 1;
  cell.failures[error] = (cell.failures[error] ?? 0) + 1;
}

/** Whether an aggregate may be asked for again: the step changes nothing. */
function isPassing(error: unknown): boolean {
  return isCodedError(error);
}

async function* withoutHistory(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
  for await (const result of results) yield { ...result, history: null };
}

function keyOf({ agent, task }: { agent: string; task: string }): string {
  return JSON.stringify([agent, task]);
}
