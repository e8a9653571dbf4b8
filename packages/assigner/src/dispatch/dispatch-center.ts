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
 * Decides which sample goes to which runner, and when. It owns the plan, the two capacities (agent, task) and the retry
 * policy; where its runners live and how they are spoken to is for the subclass to say.
 */
export abstract class DispatchCenter<Param = unknown> {
  readonly #stop = new AbortController();
  #runners: Runner<unknown>[] = [];
  #queue: AttemptQueue | undefined;
  #failure: unknown;

  constructor(protected readonly options: CenterOptions) {
    // Every attempt under way listens.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Which runners there are. */
  abstract initRunners(): RunnerDescriptor[];

  /** What is sent to each runner; structured-cloneable. Called in the main process. */
  abstract getSharedParam(): Param;

  /** A runner's message; the answer goes back to it. */
  abstract onRequest(runner: string, message: unknown): Promise<unknown>;

  /** Called at the end of a {@link start}, after the last runner has ended; not where a runner has failed. */
  async postProcess(): Promise<void> {}

  /**
   * Ends what {@link launch} has made, also where nothing was started. Called once, last of all.
   * @param _isInOrder false: the launch has failed, and what is under way elsewhere may be of use to the next one
   */
  async close(_isInOrder = true): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  /**
   * Makes the runners, in this process, and with them the agents: a wrong agent shows here, before anything is waited
   * for. A centre whose runners live elsewhere overrides this and {@link runAll}.
   */
  async launch(): Promise<void> {
    this.#runners = await makeRunners(this.initRunners(), {
      param: this.getSharedParam(),
      onRequest: (runner, message) => this.onRequest(runner, message),
      logger: this.options.logger,
      signal: this.#stop.signal,
    });
  }

  /** Carries the plan out. Resolves when nothing is left, or after {@link stop}. Rejects when results cannot be written. */
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

  /** Starts nothing more, and ends what runs. */
  stop(reason: string): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new Error(reason));
    this.#queue?.pump();
  }

  /** Aborts when the run is stopped. */
  protected get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Why the run failed: a result could not be written. */
  protected get failure(): unknown {
    return this.#failure;
  }

  /**
   * Samples that an earlier launch has started, and that are still under way: they are in flight from now on. One grant
   * for each; undefined for a sample that is not to be run, or is in flight already. Called before the first {@link take}.
   */
  protected adopt(samples: readonly Omit<Grant, "attempt">[]): (Grant | undefined)[] {
    return this.#started().adopt(samples);
  }

  /** Nothing that is not in flight is run any more, in this launch. */
  protected abandon(why: string): void {
    this.#started().abandon(why);
  }

  /** Attempts for a runner, at most `limit`, as soon as there are any. Undefined: the run is over. */
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
   * An attempt's agent says that its endpoint is overloaded. For runners that can tell before the attempt has ended: its
   * outcome tells, too.
   */
  protected overloaded(attempt: string, overload: Overload): void {
    this.#started().overloaded(attempt, overload);
  }

  /**
   * Lets the runners run, until {@link take} has nothing more for any of them. A runner that fails ends the run: the
   * others are waited for, so that nothing goes on behind the caller's back.
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
    this.stop(`a result could not be written: ${messageOf(error)}`);
  }

  #started(): AttemptQueue {
    if (this.#queue) return this.#queue;
    throw new CodedError("INTERNAL", "the dispatch center has not been started");
  }
}
