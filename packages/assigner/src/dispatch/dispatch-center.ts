import { setMaxListeners } from "node:events";
import { CodedError, messageOf } from "@eval/protocol";
import type { AttemptOutcome, Grant } from "../attempt/attempt.js";
import type { CellPlan } from "../attempt/cell-plan.js";
import type { Overload } from "../attempt/overload.js";
import { AttemptQueue } from "./attempt-queue.js";
import type { CenterOptions, DispatchResult } from "./center-options.js";
import { makeRunners } from "./in-process.js";
import type { Runner, RunnerDescriptor } from "./runner.js";

/**
 * Decides which sample goes to which runner, and when. It owns the plan, both capacities (agent, task) and the retry
 * policy; the subclass decides where runners live and how to communicate with them.
 */
export abstract class DispatchCenter<Param = unknown> {
  readonly #stop = new AbortController();
  #runners: Runner<unknown>[] = [];
  #queue: AttemptQueue | undefined;
  #failure: unknown;

  constructor(protected readonly options: CenterOptions) {
    // Every pending attempt adds a listener.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Describes the runners of this center. */
  abstract initRunners(): RunnerDescriptor[];

  /** The parameter for each runner; structured-cloneable. Called in the main process. */
  abstract getSharedParam(): Param;

  /** Handles a runner's message; the return value is sent back to it. */
  abstract onRequest(runner: string, message: unknown): Promise<unknown>;

  /** Called at the end of {@link start}, after the last runner has ended; not called if a runner failed. */
  async postProcess(): Promise<void> {}

  /**
   * Cleans up after {@link launch}, even if nothing was started. Called once, at the very end.
   * @param _isInOrder false if the launch failed; state that is shared with other hosts may be useful for the next launch
   */
  async close(_isInOrder = true): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  /**
   * Creates the runners in this process, and with them the agents, so that an invalid agent is reported before any
   * waiting. A center whose runners live elsewhere overrides this and {@link runAll}.
   */
  async launch(): Promise<void> {
    this.#runners = await makeRunners(this.initRunners(), {
      param: this.getSharedParam(),
      onRequest: (runner, message) => this.onRequest(runner, message),
      logger: this.options.logger,
      signal: this.#stop.signal,
    });
  }

  /** Runs the plan. Resolves when nothing is left, or after {@link stop}. Rejects when results cannot be written. */
  async start(plan: readonly CellPlan[]): Promise<DispatchResult> {
    const queue = new AttemptQueue(plan, this.options, this.#stop.signal, (error) => this.#fail(error));
    this.#queue = queue;
    queue.start();
    try {
      await this.runAll();
      await this.postProcess();
    } finally {
      queue.stop();
    }
    if (this.#failure) throw this.#failure;
    return { starved: queue.starved, stopped: this.#stop.signal.aborted };
  }

  /** Starts nothing more, and ends running attempts. */
  stop(reason: string): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new Error(reason));
    this.#queue?.pump();
  }

  /** Aborts when the run is stopped. */
  protected get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Why the run failed: the error of a result that could not be written. */
  protected get failure(): unknown {
    return this.#failure;
  }

  /**
   * Adopts samples that an earlier launch started and that are still running: they count as in flight from now on.
   * Returns one grant per sample; undefined for a sample that is not planned or is already in flight. Called before the
   * first {@link take}.
   */
  protected adopt(samples: readonly Omit<Grant, "attempt">[]): (Grant | undefined)[] {
    return this.#started().adopt(samples);
  }

  /** Drops all samples of this launch that are not in flight. */
  protected abandon(why: string): void {
    this.#started().abandon(why);
  }

  /** Resolves with at most `limit` attempts for a runner, as soon as there are any. Undefined if the run is over. */
  protected take(limit = Number.POSITIVE_INFINITY): Promise<Grant[] | undefined> {
    return this.#started().take(limit);
  }

  /**
   * Ends an attempt: frees its capacities at once, and resolves when its outcome is on disk. The outcome of an attempt
   * that is not in flight is ignored.
   */
  protected finish(attempt: string, outcome: AttemptOutcome): Promise<void> {
    return this.#started().finish(attempt, outcome);
  }

  /**
   * Reports that the endpoint of an attempt's agent is overloaded. For runners that know this before the attempt ends;
   * the outcome reports it, too.
   */
  protected overloaded(attempt: string, overload: Overload): void {
    this.#started().overloaded(attempt, overload);
  }

  /**
   * Lets the runners run until {@link take} has nothing more for any of them. A runner that fails ends the run; the
   * center waits for the others, so that nothing keeps running after the call returns.
   */
  protected async runAll(): Promise<void> {
    const runs = this.#runners.map(async (runner) => {
      try {
        await runner.doRun();
      } catch (error) {
        this.stop(`a runner failed: ${messageOf(error)}`);
        throw error;
      }
    });
    const failure = (await Promise.allSettled(runs)).find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw this.#failure ?? failure.reason;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.stop(`cannot write a result: ${messageOf(error)}`);
  }

  #started(): AttemptQueue {
    if (this.#queue) return this.#queue;
    throw new CodedError("INTERNAL", "the dispatch center has not been started");
  }
}
