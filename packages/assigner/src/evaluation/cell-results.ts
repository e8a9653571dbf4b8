import { type Json, messageOf, type TaskOutput } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { Settlement } from "../dispatch/center-options.js";
import { cellFolder } from "../results/cell-folder.js";
import { isAccepted, type RunRecord } from "../results/journal-record.js";
import { type Overall, OverallFold, writeOverall } from "../results/overall.js";
import { readResults } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";
import { mainMetric, type SummaryRow } from "../results/summary.js";
import type { TaskClient } from "../session/task-client.js";
import type { KnownTask } from "./await-tasks.js";
import type { EvaluationEvent } from "./events.js";
import type { CellPlan } from "./plan.js";
import type { FolderCell } from "./prepare-plan.js";

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
}

/** One cell while the run goes on. */
interface Cell {
  plan: CellPlan;
  done: number;
  /** Failed for good in this launch, or kept as failed. */
  failed: number;
  taskErrors: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  overall: Overall | undefined;
}

/** Writes outcomes down and aggregates each cell as soon as all its samples have a result. */
export class CellResults {
  readonly #cells = new Map<string, Cell>();
  readonly #overalls: Promise<void>[] = [];
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
      const cell = { plan, done: plan.done, failed, taskErrors: recorded.taskErrors, overall, ...times };
      this.#cells.set(keyOf(plan), cell);
      this.#aggregateIfComplete(cell);
    });
  }

  /** Whether the aggregate of some complete cell could not be made. */
  get overallFailed(): boolean {
    return this.#overallFailed;
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
    else if (!isAccepted(record) && !retried) cell.failed += 1;
    const { agent, task, index, epoch, error, info } = record;
    this.options.onEvent({ type: "settled", agent, task, index, epoch, accepted, retried, error, info });
    this.#aggregateIfComplete(cell);
  }

  /** Resolves when every aggregate that was begun is written. */
  async settled(): Promise<void> {
    while (this.#overalls.length > 0) await this.#overalls.shift();
  }

  rows(): SummaryRow[] {
    return [...this.#cells.values()].map(({ plan, done, failed, taskErrors, startedAt, endedAt, overall }) => ({
      agent: plan.agent,
      task: plan.task,
      done,
      failed,
      remaining: Math.max(0, plan.total - done - failed),
      taskErrors,
      metric: mainMetric(overall?.custom),
      seconds: startedAt === undefined || endedAt === undefined ? undefined : (endedAt - startedAt) / 1000,
    }));
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

  #aggregateIfComplete(cell: Cell): void {
    if (cell.overall !== undefined || cell.done === 0 || cell.done < cell.plan.total) return;
    this.#overalls.push(this.#aggregate(cell));
  }

  async #aggregate(cell: Cell): Promise<void> {
    const { output, tasks, known, logger, onEvent, signal } = this.options;
    const { agent, task } = cell.plan;
    const ref = { agent, task, epoch: 1 };
    try {
      const fold = new OverallFold();
      const client = tasks.get(task) as TaskClient;
      const results = fold.through(readResults(output, ref));
      const sent = known.get(task)?.needsHistory === false ? withoutHistory(results) : results;
      const custom = await client.calculateOverall(sent, signal);
      cell.overall = fold.finish(custom);
      await writeOverall(cellFolder(output, ref), cell.overall);
      onEvent({ type: "overall", agent, task, overall: cell.overall });
    } catch (error) {
      if (signal.aborted) return;
      this.#overallFailed = true;
      logger.error(
        `${agent} / ${task}: the overall could not be made; the next launch tries again: ${messageOf(error)}`,
      );
    }
  }
}

async function* withoutHistory(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
  for await (const result of results) yield { ...result, history: null };
}

function keyOf({ agent, task }: { agent: string; task: string }): string {
  return JSON.stringify([agent, task]);
}
