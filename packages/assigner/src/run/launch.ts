import { setMaxListeners } from "node:events";
import { CodedError, messageOf, randomId } from "@eval/protocol";
import { redact } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { RepeatedCellPlan } from "../attempt/cell-plan.js";
import type { KnownTask } from "../attempt/known-task.js";
import { exponentialBackoff } from "../attempt/retry-policy.js";
import type { EvaluationEvent } from "../attempt/run-events.js";
import { type CenterChoice, chooseCenter } from "../config/dispatch-config.js";
import type { LoadedEvaluation } from "../config/load-evaluation.js";
import type { CenterOptions, DispatchResult, Leases } from "../dispatch/center-options.js";
import type { DispatchCenter } from "../dispatch/dispatch-center.js";
import { loadCenter } from "../dispatch/load-center.js";
import type { FolderCell } from "../plan/folder-cell.js";
import { nothingLeft } from "../plan/nothing-left.js";
import { preparePlan } from "../plan/prepare-plan.js";
import type { RunLog } from "../results/run-log.js";
import { LeaseKeeper } from "../session/lease-keeper.js";
import type { TaskClient } from "../session/task-client.js";
import { awaitTasks } from "./await-tasks.js";
import { CellResults } from "./cell-results.js";
import type { EvaluateOptions, EvaluationReport } from "./evaluate-options.js";
import { makeClients } from "./make-clients.js";
import { readCapacities } from "./read-capacity.js";
import { readCells } from "./read-cells.js";
import { readOrMakeRunId } from "./run-id.js";

const nothingStarved = { starved: new Map(), overallFailed: false };

const nothingRan: DispatchResult = { starved: new Map(), stopped: false };

/** Options with their defaults applied. */
export type LaunchSettings = EvaluateOptions & { cwd: string; logger: Logger; leaseS: number };

/** One launch into a locked output folder. */
export class Launch {
  readonly #waitMs: number;
  readonly #epochs: number;
  readonly #signal: AbortSignal;
  readonly #onEvent: (event: EvaluationEvent) => void;
  readonly #choice: CenterChoice;

  constructor(
    private readonly evaluation: LoadedEvaluation,
    private readonly output: string,
    private readonly log: RunLog,
    private readonly settings: LaunchSettings,
  ) {
    this.#waitMs = settings.waitForWorkersMs ?? 60_000;
    this.#epochs = settings.epochs ?? evaluation.epochs;
    this.#signal = settings.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal);
    this.#onEvent = (event) => this.#emit(event);
    this.#choice = chooseCenter(evaluation.dispatch, settings, { configDir: evaluation.configDir, cwd: settings.cwd });
  }

  /** A failing listener must not fail the run. */
  #emit(event: EvaluationEvent): void {
    try {
      this.settings.onEvent?.(event);
    } catch (error) {
      this.settings.logger.error(`A listener of the run's events failed: ${messageOf(error)}`);
    }
  }

  async run(): Promise<EvaluationReport> {
    const { evaluation, settings } = this;
    const cells = await readCells(this.output, evaluation.cells, this.log, settings.logger, this.#epochs);
    const clients = await makeClients(evaluation, this.#choice, { ...settings, waitMs: this.#waitMs });
    try {
      return await (this.#choice.runner === "dummy" ? this.#planOnly(cells, clients) : this.#dispatch(cells, clients));
    } finally {
      await Promise.all([...clients.values()].map((client) => client.close()));
    }
  }

  /** Resolves and checks everything, and reports the plan without running it. */
  async #planOnly(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>): Promise<EvaluationReport> {
    const noLeases = { keep: () => {}, giveUp: async () => {}, letBe: () => {} };
    const center = await this.#makeCenter(clients, "", noLeases, () => {
      throw new CodedError("INTERNAL", "the runner dummy runs nothing");
    });
    await center.launch();
    const { planOnly } = await import("./plan-only.js");
    const { logger, keepFailed = false, allowVersionMix = false } = this.settings;
    const { output } = this;
    const shared = {
      output,
      mayWrite: this.log.assertHeld,
      logger,
      keepFailed,
      allowVersionMix,
      epochs: this.#epochs,
      signal: this.#signal,
    };
    const plan = await planOnly(cells, clients, { ...shared, capacity: this.evaluation.concurrency });
    return { outcome: "planned", output, rows: [], ...nothingStarved, plan };
  }

  async #dispatch(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>): Promise<EvaluationReport> {
    let results: CellResults | undefined;
    // Each launch has a new id: the controller ends the sessions of an earlier launch.
    const owner = `${await readOrMakeRunId(this.output, this.log.assertHeld)}/${randomId()}`;
    const leases = new LeaseKeeper([...clients.values()], this.settings.leaseS, this.settings.logger);
    leases.keep(owner);
    const center = await this.#makeCenter(clients, owner, leases, () => results as CellResults);
    let isInOrder = false;
    const stop = () => center.stop("interrupted");
    this.#signal.addEventListener("abort", stop);
    if (this.#signal.aborted) stop();
    try {
      const plans = await this.#launchAndPlan(center, cells, clients);
      if (plans === undefined) return { outcome: "interrupted", output: this.output, rows: [], ...nothingStarved };
      results = this.#resultsOf(cells, clients, plans);
      const isNothingLeft = plans.cells.every(({ remaining }) => remaining.length === 0);
      if (isNothingLeft) this.settings.logger.info(nothingLeft(plans.cells));
      const ended = isNothingLeft ? nothingRan : await leases.during(() => center.start(plans.cells));
      await results.settled();
      await this.log.assertInPlace();
      isInOrder = true;
      return { output: this.output, ...reportOf(results, ended, this.#signal.aborted) };
    } finally {
      this.#signal.removeEventListener("abort", stop);
      await center.close(isInOrder);
    }
  }

  /** Undefined if interrupted before there was a plan. */
  async #launchAndPlan(
    center: DispatchCenter,
    cells: readonly FolderCell[],
    clients: ReadonlyMap<string, TaskClient>,
  ): Promise<Plans | undefined> {
    try {
      // Reports an invalid agent before any waiting; if nothing is left to run, no runner is needed.
      if (cells.some(({ isComplete }) => !isComplete)) await center.launch();
      return this.#plan(cells, await this.#awaitTasks(cells, clients));
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      throw error;
    }
  }

  #plan(cells: readonly FolderCell[], tasks: ReadonlyMap<string, KnownTask>): Plans {
    const { logger, keepFailed = false, allowVersionMix = false } = this.settings;
    const plans = preparePlan(cells, tasks, { keepFailed, allowVersionMix, epochs: this.#epochs, logger });
    const { output } = this;
    const planned = plans.map(({ agent, task, total, done }) => ({ agent, task, total, done }));
    this.#onEvent({ type: "planned", output, cells: planned });
    const done = planned.reduce((sum, cell) => sum + cell.done, 0);
    if (done > 0) logger.info(`Resuming in ${output}: ${done} samples already have a result`);
    return { cells: plans, tasks };
  }

  #resultsOf(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>, plans: Plans): CellResults {
    return new CellResults(plans.cells, cells, {
      output: this.output,
      log: this.log,
      logger: this.settings.logger,
      tasks: clients,
      known: plans.tasks,
      signal: this.#signal,
      onEvent: this.#onEvent,
      redact: (text) => redact(text, this.evaluation.secrets),
      patienceMs: this.#waitMs,
    });
  }

  async #makeCenter(
    clients: ReadonlyMap<string, TaskClient>,
    owner: string,
    leases: Leases,
    results: () => CellResults,
  ): Promise<DispatchCenter> {
    const { evaluation, settings } = this;
    const { autoRetry = false, maxAttempts = 3, logger, cwd, leaseS } = settings;
    const options: CenterOptions = {
      agents: evaluation.agentModules,
      tasks: evaluation.taskModules,
      unresolved: { agents: Object.fromEntries(evaluation.agents), tasks: Object.fromEntries(evaluation.tasks) },
      configDir: evaluation.configDir,
      cwd,
      parameters: this.#choice.parameters,
      owner,
      leases,
      clients,
      leaseS,
      waitForWorkersMs: this.#waitMs,
      capacity: evaluation.concurrency,
      retry: { maxAttempts: autoRetry ? maxAttempts : 1, maxExecutions: maxAttempts, delayMs: exponentialBackoff },
      limits: {
        timeoutMs: settings.sampleTimeoutMs ?? evaluation.limits.timeoutMs,
        maxTurns: settings.maxTurns ?? evaluation.limits.maxTurns,
      },
      circuit: settings.circuit ?? evaluation.circuit,
      logger,
      readCapacity: (tasks, signal) => readCapacities(clients, tasks, signal, logger),
      record: (settlement) => results().record(settlement),
      onGrant: (grant) => {
        results().started(grant);
        this.#onEvent({ type: "granted", grant });
      },
      onEnd: (grant) => this.#onEvent({ type: "ended", grant }),
    };
    return loadCenter(this.#choice.runner, options);
  }

  /** Waits for the tasks of the incomplete cells. */
  #awaitTasks(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>) {
    const needed = new Set(cells.filter(({ isComplete }) => !isComplete).map(({ task }) => task));
    const wanted = new Map([...clients].filter(([name]) => needed.has(name)));
    return awaitTasks(wanted, {
      waitMs: this.#waitMs,
      signal: this.#signal,
      onWaiting: (task, why) => this.#onEvent({ type: "waiting", task, why }),
    });
  }
}

/** @param isAborted whether the launch's signal is aborted */
function reportOf(results: CellResults, { starved, stopped }: DispatchResult, isAborted: boolean) {
  const rows = results.rows();
  const { overallFailed } = results;
  const isComplete = rows.every(({ failed, remaining }) => failed === 0 && remaining === 0) && results.isAggregated;
  const isInterrupted = stopped || (isAborted && !results.isAggregated);
  const outcome = isInterrupted ? "interrupted" : starved.size > 0 ? "starved" : isComplete ? "complete" : "failed";
  return { outcome, rows, starved, overallFailed } as const;
}

/** The remaining samples of each cell, and the known tasks. */
interface Plans {
  cells: RepeatedCellPlan[];
  tasks: ReadonlyMap<string, KnownTask>;
}
