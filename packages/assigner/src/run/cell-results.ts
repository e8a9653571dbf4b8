import { type Json, messageOf } from "@eval/protocol";
import type { RepeatedCellPlan } from "../attempt/cell-plan.js";
import type { EvaluationEvent } from "../attempt/run-events.js";
import type { Settlement } from "../dispatch/center-options.js";
import type { FolderCell } from "../plan/folder-cell.js";
import { writeEpochs } from "../results/epochs-file.js";
import { isAccepted, type RunRecord } from "../results/journal-record.js";
import type { readResults } from "../results/resume.js";
import type { SummaryRow } from "../results/summary.js";
import { Aggregates, type AggregatesOptions } from "./aggregates.js";
import { CellState, type EpochState } from "./cell-state.js";
import { TaskResults } from "./task-results.js";

export interface CellResultsOptions extends AggregatesOptions {
  onEvent: (event: EvaluationEvent) => void;
  /** Removes secrets from the failure texts of agents and tasks. */
  redact: (text: string) => string;
}

/** Maximum length of a failure's text in the log; the journal has the full text. */
const shownCharacters = 300;

/** Records outcomes, and aggregates each epoch of a cell as soon as all its samples have a result. */
export class CellResults {
  readonly #cells = new Map<string, CellState>();
  readonly #aggregates: Aggregates;
  readonly #ordered = new Set<EpochState>();
  readonly #failuresShown = new Set<string>();
  #epochsFailed = false;

  constructor(
    plans: readonly RepeatedCellPlan[],
    folder: readonly FolderCell[],
    private readonly options: CellResultsOptions,
  ) {
    this.#aggregates = new Aggregates(options);
    plans.forEach((plan, at) => {
      const cell = new CellState(plan, folder[at] as FolderCell);
      this.#cells.set(keyOf(plan), cell);
      this.#aggregateWhatIsComplete(cell);
    });
  }

  /** Whether the aggregate of a complete epoch or the statistics over epochs failed. */
  get overallFailed(): boolean {
    return this.#aggregates.failed || this.#epochsFailed;
  }

  /** Whether every complete epoch has its aggregate. */
  get isAggregated(): boolean {
    return [...this.#cells.values()].every((cell) => cell.toAggregate().length === 0);
  }

  started({ agent, task }: { agent: string; task: string }): void {
    this.#cellOf({ agent, task }).started(performance.now());
  }

  /** Resolves when the outcome is on disk; the sample counts only from then on. */
  async record(settlement: Settlement): Promise<void> {
    const { grant, retried } = settlement;
    const record = this.#recordOf(settlement);
    const recording = await this.options.log.append(record);
    const cell = this.#cellOf(grant);
    cell.ended(performance.now());
    const accepted = isAccepted(record) && recording === "recorded";
    if (accepted) cell.accepted(record.epoch);
    else if (!isAccepted(record) && !retried) cell.failed(record.error ?? "TASK_ERROR");
    const { agent, task, index, epoch, error, info } = record;
    if (!accepted) this.#showFirst(record);
    this.options.onEvent({ type: "settled", agent, task, index, epoch, accepted, retried, error, info });
    this.#aggregateWhatIsComplete(cell);
  }

  /** Resolves when every aggregate and the statistics over epochs are written or have failed. */
  async settled(): Promise<void> {
    await this.#aggregates.settled();
    for (const cell of this.#cells.values()) await this.#writeEpochs(cell);
  }

  rows(): SummaryRow[] {
    return [...this.#cells.values()].map((cell) => cell.row());
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

  /** Only the first failure of each kind is logged; all are in the journal. */
  #showFirst({ agent, task, index, error, info, output }: RunRecord): void {
    const kind = error ?? output?.status ?? "late";
    const key = JSON.stringify([agent, task, kind]);
    if (this.#failuresShown.has(key)) return;
    this.#failuresShown.add(key);
    const text = (info ?? "").slice(0, shownCharacters);
    const rest = "further failures of this kind are not logged; see error.jsonl";
    this.options.logger.warn(`${agent} / ${task}: sample ${index}: ${kind}${text && `: ${text}`} (${rest})`);
  }

  #aggregateWhatIsComplete(cell: CellState): void {
    const { agent, task } = cell;
    for (const state of cell.toAggregate()) {
      if (this.#ordered.has(state)) continue;
      this.#ordered.add(state);
      const { epoch, done } = state;
      this.#aggregates.order({ agent, task, epoch }, done, (aggregate) => {
        state.aggregate = aggregate;
        this.options.onEvent({ type: "overall", agent, task, epoch, overall: aggregate.overall });
      });
    }
  }

  async #writeEpochs(cell: CellState): Promise<void> {
    const { output, log, logger, signal } = this.options;
    const complete = cell.complete();
    if (complete.length < 2 || signal.aborted) return;
    try {
      const indices = this.options.known.get(cell.task)?.indices;
      const own = (results: ReturnType<typeof readResults>) =>
        indices ? new TaskResults(indices).of(results) : results;
      await writeEpochs(output, cell, complete, own, log.assertHeld);
    } catch (error) {
      this.#epochsFailed = true;
      logger.error(`${cell.agent} / ${cell.task}: cannot write epochs.json: ${messageOf(error)}`);
    }
  }

  #cellOf(cell: { agent: string; task: string }): CellState {
    return this.#cells.get(keyOf(cell)) as CellState;
  }
}

function keyOf({ agent, task }: { agent: string; task: string }): string {
  return JSON.stringify([agent, task]);
}
