import { setMaxListeners } from "node:events";
import { messageOf, randomId } from "@eval/protocol";
import { redact } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { CenterOptions, DispatchResult } from "../dispatch/center-options.js";
import type { DispatchCenter } from "../dispatch/dispatch-center.js";
import { exponentialBackoff } from "../dispatch/retry-policy.js";
import { loadCenter } from "../dispatch/runner-type.js";
import type { RunLog } from "../results/run-log.js";
import { LeaseKeeper } from "../session/lease-keeper.js";
import { makeTaskClients } from "../session/run-param.js";
import type { TaskClient } from "../session/task-client.js";
import { awaitTasks } from "./await-tasks.js";
import { CellResults } from "./cell-results.js";
import type { EvaluateOptions, EvaluationReport } from "./evaluate-options.js";
import type { EvaluationEvent } from "./events.js";
import type { LoadedEvaluation } from "./load-evaluation.js";
import { type FolderCell, preparePlan, readCells } from "./prepare-plan.js";
import { readCapacities } from "./read-capacity.js";
import { readOrMakeRunId } from "./run-id.js";

const nothingStarved = { starved: new Map(), overallFailed: false };

const nothingRan: DispatchResult = { starved: new Map(), stopped: false };

/** With the defaults of what the whole launch needs. */
export type LaunchSettings = EvaluateOptions & { cwd: string; logger: Logger; leaseS: number };

/** One launch into a folder that is locked. */
export class Launch {
  readonly #waitMs: number;
  readonly #epochs: number;
  readonly #signal: AbortSignal;
  readonly #onEvent: (event: EvaluationEvent) => void;

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
  }

  /** A listener's fault is not the run's. */
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
    const folders = { configDir: evaluation.configDir, cwd: settings.cwd };
    const clients = await makeTaskClients(evaluation.taskModules, folders, this.#waitMs);
    try {
      return await this.#dispatch(cells, clients);
    } finally {
      await Promise.all([...clients.values()].map((client) => client.close()));
    }
  }

  async #dispatch(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>): Promise<EvaluationReport> {
    let results: CellResults | undefined;
    // A new instance with every launch: the controller ends what an earlier one has left.
    const owner = `${await readOrMakeRunId(this.output)}/${randomId()}`;
    const center = await this.#makeCenter(clients, owner, () => results as CellResults);
    await center.launch();
    const tasks = await this.#awaitTasks(cells, clients);
    if (tasks === undefined) return { outcome: "interrupted", output: this.output, rows: [], ...nothingStarved };
    const { logger, keepFailed = false, allowVersionMix = false } = this.settings;
    const plans = preparePlan(cells, tasks, { keepFailed, allowVersionMix, epochs: this.#epochs, logger });
    const { output, log } = this;
    const planned = plans.map(({ agent, task, total, done }) => ({ agent, task, total, done }));
    this.#onEvent({ type: "planned", output, cells: planned });
    const done = planned.reduce((sum, cell) => sum + cell.done, 0);
    if (done > 0) logger.info(`Going on in ${output}: ${done} samples have a result already`);
    const onEvent = this.#onEvent;
    const signal = this.#signal;
    const hide = (text: string) => redact(text, this.evaluation.secrets);
    const shared = { output, log, logger, tasks: clients, known: tasks, signal, onEvent };
    results = new CellResults(plans, cells, { ...shared, redact: hide, patienceMs: this.#waitMs });
    const stop = () => center.stop("interrupted");
    this.#signal.addEventListener("abort", stop);
    if (this.#signal.aborted) stop();
    try {
      const isNothingLeft = plans.every(({ remaining }) => remaining.length === 0);
      const ended = isNothingLeft ? nothingRan : await this.#withLease(clients, owner, () => center.start(plans));
      await results.settled();
      return this.#report(results, ended);
    } finally {
      this.#signal.removeEventListener("abort", stop);
    }
  }

  /** Keeps the sessions of this launch alive while it dispatches, and gives the lease up behind it. */
  async #withLease<T>(clients: ReadonlyMap<string, TaskClient>, owner: string, run: () => Promise<T>): Promise<T> {
    const leases = new LeaseKeeper([...clients.values()], owner, this.settings.leaseS, this.settings.logger);
    leases.start();
    try {
      return await run();
    } finally {
      await leases.stop();
    }
  }

  async #makeCenter(
    clients: ReadonlyMap<string, TaskClient>,
    owner: string,
    results: () => CellResults,
  ): Promise<DispatchCenter> {
    const { evaluation, settings } = this;
    const { autoRetry = false, maxAttempts = 3, logger, cwd, leaseS } = settings;
    const options: CenterOptions = {
      agents: evaluation.agentModules,
      tasks: evaluation.taskModules,
      configDir: evaluation.configDir,
      cwd,
      owner,
      leaseS,
      waitForWorkersMs: this.#waitMs,
      capacity: evaluation.concurrency,
      retry: { maxAttempts: autoRetry ? maxAttempts : 1, delayMs: exponentialBackoff },
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
    return loadCenter(settings.runner ?? evaluation.runner ?? "flow", options);
  }

  /** The tasks of the cells that are not complete. Undefined: interrupted while waiting. */
  async #awaitTasks(cells: readonly FolderCell[], clients: ReadonlyMap<string, TaskClient>) {
    const needed = new Set(cells.filter(({ isComplete }) => !isComplete).map(({ task }) => task));
    const wanted = new Map([...clients].filter(([name]) => needed.has(name)));
    try {
      return await awaitTasks(wanted, {
        waitMs: this.#waitMs,
        signal: this.#signal,
        onWaiting: (task, why) => this.#onEvent({ type: "waiting", task, why }),
      });
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      throw error;
    }
  }

  #report(results: CellResults, { starved, stopped }: DispatchResult): EvaluationReport {
    const rows = results.rows();
    const { overallFailed } = results;
    const isComplete = rows.every(({ failed, remaining }) => failed === 0 && remaining === 0) && results.isAggregated;
    const isInterrupted = stopped || (this.#signal.aborted && !results.isAggregated);
    const outcome = isInterrupted ? "interrupted" : starved.size > 0 ? "starved" : isComplete ? "complete" : "failed";
    return { outcome, output: this.output, rows, starved, overallFailed };
  }
}
