import { setTimeout as delay } from "node:timers/promises";
import { CodedError, isCodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { ReplacementPolicy } from "./replacement-policy.js";
import { type LifeEnd, RunnerLife, type RunnerLifeOptions } from "./runner-life.js";

export interface RunnerHostOptions extends Omit<RunnerLifeOptions, "id" | "param"> {
  /** Counts from 1 over all runners of the pool. */
  slot: number;
  /** What is sent to each of its runners. */
  param: () => unknown;
  logger: Logger;
  /** Aborts when the run is stopped. */
  stopped: AbortSignal;
  /** How long a runner may take to end what runs once it is stopped, in milliseconds. */
  stopMs: number;
  /** A runner is about to be started. */
  onStart: (runner: string) => void;
  /** A runner is ready to run. */
  onReady: (runner: string) => void;
  /** A runner's process is gone, in whichever way. */
  onGone: (runner: string, why: string) => Promise<void>;
}

/** How long a process that runs nothing may take to end, in milliseconds. */
const idleStopMs = 2_000;

export type HostState = "starting" | "running" | "replacing" | "stopped";

/**
 * One slot of a pool, which has one runner's process after the other:
 *
 *     starting --(ready)--> running --(done, stop)--> stopped
 *        ^ |                   |
 *        | +---(is lost)+      | (crashes, is killed, falls silent)
 *        |              v      v
 *        +--(backoff)-- replacing --(no use)--> stopped: the run ends with the error
 */
export class RunnerHost {
  #state: HostState = "starting";
  #life: RunnerLife;
  #generation = 0;
  readonly #policy = new ReplacementPolicy();
  readonly #retire = new AbortController();
  /** Nothing is replaced any more. */
  readonly #over: AbortSignal;
  readonly #mourning = new Set<Promise<void>>();

  constructor(private readonly options: RunnerHostOptions) {
    this.#over = AbortSignal.any([options.stopped, this.#retire.signal]);
    this.#life = this.#start();
  }

  get state(): HostState {
    return this.#state;
  }

  /** The process that it has now, or had last. */
  get life(): RunnerLife {
    return this.#life;
  }

  /**
   * Resolves when a first runner is ready: one whose process is lost at its start is replaced, like any other. Rejects
   * with what kept it from being made.
   */
  async launched(): Promise<void> {
    if (await this.#life.ready) return;
    const end = await this.#life.ended;
    if (end.kind !== "lost" || this.#over.aborted || !(await this.#replace(end, false))) throw this.#startError(end);
  }

  /** Lets runners run until one is done. Rejects with what a runner failed with, and when replacing is of no use. */
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
      await Promise.all(this.#mourning);
    }
  }

  /** Its runner has been of use. */
  proved(): void {
    this.#policy.proved();
  }

  stop(reason: string): void {
    this.#life.stop(reason, this.#state === "running" ? this.options.stopMs : idleStopMs);
  }

  /** There is nothing more to run: a runner that runs may end by itself, and none is started any more. */
  retire(): void {
    this.#retire.abort();
    if (this.#state !== "running") this.#life.stop("the run is over", idleStopMs);
  }

  /** Resolves when its process is gone. */
  async close(): Promise<void> {
    this.#retire.abort();
    this.#life.stop("the run is over", idleStopMs);
    await this.#life.ended;
    await Promise.all(this.#mourning);
  }

  /**
   * False: the run is over.
   * @param wasReady whether the one that has ended had been ready; before the first is, a runner that says itself that it
   * cannot be made is believed at once
   */
  async #replace(first: LifeEnd, wasReady = true): Promise<boolean> {
    this.#state = "replacing";
    let end = first;
    for (let isReady = wasReady; ; isReady = false) {
      if (!wasReady && end.kind === "failed") throw end.error;
      const delayMs = this.#policy.next(isReady);
      if (delayMs === undefined) throw this.#givenUp(end);
      this.options.logger.warn(`${whyOf(end)}; another is started in ${delayMs / 1000} s`);
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
    const mourning = life.ended.then((end) => this.options.onGone(id, whyOf(end)));
    this.#mourning.add(mourning);
    const forget = () => void this.#mourning.delete(mourning);
    // A failure stays among them, for run() to find.
    mourning.then(forget, () => {});
    return life;
  }

  /** What the runner said itself is the whole story: the same as if it had been made in the main process. */
  #startError(end: LifeEnd): Error {
    if (end.kind === "failed") return end.error;
    return new CodedError("START_FAILED", `runner ${this.options.slot} could not be started: ${whyOf(end)}`);
  }

  #givenUp(end: LifeEnd): Error {
    const code = end.kind === "failed" && isCodedError(end.error) ? end.error.code : "START_FAILED";
    const text = `runner ${this.options.slot} was started again and again to no use, last: ${whyOf(end)}`;
    return new CodedError(code, text);
  }
}

function whyOf(end: LifeEnd): string {
  return end.kind === "done" ? "it is done" : messageOf(end.error);
}
