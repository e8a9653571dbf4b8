import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type RunParam, type RunShared, restoreRunParam, runParamOf } from "../../session/run-param.js";
import type { CenterOptions } from "../center-options.js";
import { DispatchCenter } from "../dispatch-center.js";
import type { FlowMessage } from "../flow/flow-center.js";
import type { RunnerPool } from "../processes/runner-pool.js";
import type { RunnerDescriptor, RunnerServices } from "../runner.js";
import { FairShare } from "./fair-share.js";

/** How long to wait for the slowest runner's first request, in milliseconds. */
const firstRequestMs = 1_000;

/**
 * Runs N runner processes on this machine. Agents live in them; this process plans, tracks the capacities, and writes
 * results. A lost runner is replaced; its samples move to another runner after it is dead and its sessions have ended.
 * Parameters: `runners` (default: the number of processors), `deadline_s` (default 30).
 */
export class DataParallelCenter extends DispatchCenter<RunParam> {
  readonly #shares: FairShare;
  #pool: RunnerPool | undefined;

  constructor(options: CenterOptions) {
    super(options);
    const { agent, task } = options.capacity;
    this.#shares = new FairShare(Math.min(sum(agent.values()), sum(task.values())));
  }

  override initRunners(): RunnerDescriptor[] {
    const { runners = availableParallelism() } = this.options.parameters as { runners?: number };
    const module = new URL("./data-parallel-runner.js", import.meta.url).href;
    return [{ module, export: "DataParallelRunner", count: runners }];
  }

  override getSharedParam(): RunParam {
    return runParamOf(this.options);
  }

  static restoreSharedParam(param: RunParam, { id }: Pick<RunnerServices, "id">): Promise<RunShared> {
    return restoreRunParam({ ...param, owner: ownerOf(param, id) });
  }

  override async launch(): Promise<void> {
    // Imported here, because a runner's process loads this module but never starts runners.
    const { RunnerPool } = await import("../processes/runner-pool.js");
    const { options } = this;
    const { deadline_s } = options.parameters as { deadline_s?: number };
    this.#pool = new RunnerPool({
      descriptors: this.initRunners(),
      param: () => this.getSharedParam(),
      ...{ cwd: options.cwd, logger: options.logger, stopped: this.stopped },
      ...(deadline_s !== undefined && { deadlineMs: deadline_s * 1000 }),
      onRequest: (runner, message) => this.onRequest(runner, message),
      onStart: (runner) => options.leases.keep(ownerOf(options, runner)),
      onReady: (runner) => this.#shares.join(runner),
      onGone: (runner, why) => this.#lose(runner, why),
    });
    await this.#pool.launch();
  }

  override async onRequest(runner: string, message: unknown): Promise<unknown> {
    const request = message as FlowMessage;
    if (request.type === "take") return this.#shares.ask(runner);
    if (request.type === "overload") return this.overloaded(request.attempt, request.overload);
    if (this.#shares.ended(runner, request.attempt)) {
      this.#pool?.proved(runner);
      return this.finish(request.attempt, request.outcome);
    }
    this.options.logger.debug(`Ignored a late outcome: attempt ${request.attempt} of ${runner}`);
    return undefined;
  }

  override async close(): Promise<void> {
    await this.#pool?.close();
  }

  protected override async runAll(): Promise<void> {
    const sharing = this.#shareOut();
    try {
      await this.#pool?.run((reason) => this.stop(reason));
    } finally {
      this.#shares.close();
      await sharing;
    }
  }

  /** Takes attempts and shares them among the runners until the run is over. */
  async #shareOut(): Promise<void> {
    await Promise.race([this.#shares.allAsked(), delay(firstRequestMs, undefined, { ref: false })]);
    for (;;) {
      const room = await this.#shares.room();
      const grants = room === 0 ? undefined : await this.take(room);
      if (grants === undefined) break;
      // A runner that had asked may be lost by now.
      for (const { attempt } of this.#shares.give(grants)) await this.finish(attempt, { kind: "stopped" });
    }
    this.#shares.close();
    this.#pool?.retire();
  }

  /** Its sessions must end before its samples restart: otherwise a task could exceed its capacity. */
  async #lose(runner: string, why: string): Promise<void> {
    const attempts = this.#shares.leave(runner);
    const wanted = attempts.length > 0 ? this.stopped : AbortSignal.abort();
    await this.options.leases.giveUp(ownerOf(this.options, runner), wanted);
    await Promise.all(
      attempts.map((attempt) => this.finish(attempt, { kind: "lost", info: `runner ${runner}: ${why}` })),
    );
  }
}

/** Each runner owns its sessions, which end with it. */
function ownerOf({ owner }: { owner: string }, runner: string): string {
  return `${owner}/${runner}`;
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
