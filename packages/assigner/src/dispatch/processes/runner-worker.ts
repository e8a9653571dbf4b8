import { setTimeout as delay } from "node:timers/promises";
import { CodedError, isCodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { ReplacementPolicy } from "./replacement-policy.js";
import { type LifeEnd, RunnerLife, type RunnerLifeOptions } from "./runner-life.js";

export interface RunnerHostOptions extends Omit<RunnerLifeOptions, "id" | "param"> {
  /** Number of the slot in the pool, counted from 1. */
  slot: number;
  /** The parameter for each of its runners. */
  param: () => unknown;
  logger: Logger;
  /** Aborts when the run is stopped. */
  stopped: AbortSignal;
  /** How long a runner may take to end its attempts after it is stopped, in milliseconds. */
  stopMs: number;
  /** Called before a runner is started. */
  onStart: (runner: string) => void;
  /** Called when a runner is ready to run. */
  onReady: (runner: string) => void;
  /** Called when a runner's process is gone, for whatever reason. */
  onGone: (runner: string, why: string) => Promise<void>;
}

/** How long an idle process may take to end, in milliseconds. */
const idleStopMs = 2_000;

export type HostState = "starting" | "running" | "replacing" | "stopped";

/**
 * One slot of a pool, which runs one runner's process after the other:
 *
 *     starting --(ready)--> running --(done, stop)--> stopped
 *        ^ |                   |
 *        | +---(is lost)+      | (crashes, is killed, stops responding)
 *        |              v      v
 *        +--(backoff)-- replacing --(too many failures)--> stopped: the run ends with the error
 */
export class RunnerHost {
  #state: HostState = "starting";
  #life: RunnerLife;
  #generation = 0;
  readonly #policy = new ReplacementPolicy();
  readonly #retire = new AbortController();
  /** Aborts when runners are no longer replaced. */
  readonly #over: AbortSignal;
  readonly #goneHandlers = new Set<Promise<void>>();

  constructor(private readonly options: RunnerHostOptions) {
    this.#over = AbortSignal.any([options.stopped, this.#retire.signal]);
    this.#life = this.#start();
  }

  get state(): HostState {
    return this.#state;
  }

  /** The current process, or the last one. */
  get life(): RunnerLife {
    return this.#life;
  }

  /**
   * Resolves when the first runner is ready: a process that is lost during its start is replaced, like any other. Rejects
   * with the reason if no runner can be created.
   */
  async launched(): Promise<void> {
    if (await this.#life.ready) return;
    const end = await this.#life.ended;
    if (end.kind !== "lost" || this.#over.aborted || !(await this.#replace(end, false))) throw this.#startError(end);
  }

  /** Lets runners run until one is done. Rejects with a runner's own failure, or after too many replacements. */
  async run(): Promise<void> {
    try {
      for (;;) {
        this.#life.run();
        this.#state = "running";
        const end = await this.#life.ended;
        if (end.kind === "failed") throw end.error;
        if (end.kind === "done" || this.#over.aborted) return;
        if (!(await this.#replace(end))) return;
      }
    } finally {
      this.#state = "stopped";
      await Promise.all(this.#goneHandlers);
    }
  }

  /** The current runner did useful work. */
  proved(): void {
    this.#policy.proved();
  }

  stop(reason: string): void {
    this.#life.stop(reason, this.#state === "running" ? this.options.stopMs : idleStopMs);
  }

  /** The run is over: a running runner may end by itself, and no new one is started. */
  retire(): void {
    this.#retire.abort();
    if (this.#state !== "running") this.#life.stop("the run is over", idleStopMs);
  }

  /** Resolves when its process is gone. */
  async close(): Promise<void> {
    this.#retire.abort();
    this.#life.stop("the run is over", idleStopMs);
    await this.#life.ended;
    await Promise.all(this.#goneHandlers);
  }

  /**
   * Starts runners until one is ready. Returns false if the run is over.
   * @param wasReady whether the runner that ended had been ready; before the first one is ready, a reported creation failure
   * is final
   */
  async #replace(first: LifeEnd, wasReady = true): Promise<boolean> {
    this.#state = "replacing";
    let end = first;
    for (let isReady = wasReady; ; isReady = false) {
      if (!wasReady && end.kind === "failed") throw end.error;
      const delayMs = this.#policy.next(isReady);
      if (delayMs === undefined) throw this.#givenUp(end);
      this.options.logger.warn(`${whyOf(end)}; its replacement starts in ${delayMs / 1000} s`);
      await delay(delayMs, undefined, { signal: this.#over }).catch(() => {});
      if (this.#over.aborted) return false;
      this.#life = this.#start();
      if (await this.#life.ready) return true;
      end = await this.#life.ended;
      if (this.#over.aborted) return false;
    }
  }

  #start(): RunnerLife {
    const { slot, onStart, onReady, param } = this.options;
    this.#state = "starting";
    const id = `${slot}.${this.#generation++}`;
    onStart(id);
    const life = new RunnerLife({ ...this.options, id, param: param() });
    void life.ready.then((isReady) => isReady && onReady(id));
    const handling = life.ended.then((end) => this.options.onGone(id, whyOf(end)));
    this.#goneHandlers.add(handling);
    const forget = () => void this.#goneHandlers.delete(handling);
    // A failed handler stays in the set, so that run() rejects with it.
    handling.then(forget, () => {});
    return life;
  }

  /** A failure that the runner reported is passed on as it is, as if it had occurred in the main process. */
  #startError(end: LifeEnd): Error {
    if (end.kind === "failed") return end.error;
    return new CodedError("START_FAILED", `runner ${this.options.slot} could not be started: ${whyOf(end)}`);
  }

  #givenUp(end: LifeEnd): Error {
    const code = end.kind === "failed" && isCodedError(end.error) ? end.error.code : "START_FAILED";
    const text = `runner ${this.options.slot} failed too often in a row; last failure: ${whyOf(end)}`;
    return new CodedError(code, text);
  }
}

function whyOf(end: LifeEnd): string {
  return end.kind === "done" ? "it is done" : messageOf(end.error);
}
