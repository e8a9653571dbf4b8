import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { TaskClient } from "./task-client.js";

/** A lease of almost zero seconds: the sessions end now instead of when their lease would expire. */
const gaveUpS = 0.001;

/** How long to wait for the end of an owner's sessions, and the time between two checks; milliseconds. */
const endWithinMs = 5_000;
const lookEveryMs = 200;

/** How long to retry a controller that does not answer, in milliseconds. */
const answerWithinMs = 60_000;

/** The controllers' replies about an owner's sessions. */
interface Renewal {
  sessions: number;
  /** Some controllers did not answer: they may have more sessions. */
  isPartial: boolean;
}

/** Renews the leases of owners' sessions at every controller of their tasks, three times per lease. */
export class LeaseKeeper {
  #timer: NodeJS.Timeout | undefined;
  readonly #owners = new Set<string>();
  /** Owners that were given up, with the time; monotonic milliseconds. */
  readonly #former = new Map<string, number>();
  #isRunning = false;

  constructor(
    private readonly clients: readonly Pick<TaskClient, "address" | "renew">[],
    private readonly leaseS: number,
    private readonly logger: Logger,
    /** Milliseconds. */
    private readonly patience = { endWithinMs, answerWithinMs, lookEveryMs },
  ) {}

  /** Keeps the sessions alive while `run` is pending, and gives all leases up after it. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    this.#start();
    try {
      return await run();
    } finally {
      await this.#stop();
    }
  }

  #start(): void {
    this.#isRunning = true;
    const renewAll = () => {
      for (const owner of this.#owners) void this.#renew(owner, this.leaseS);
      // Ends the session of a start that was still pending when its runner was lost; after one lease it ends by itself.
      for (const [owner, since] of this.#former) {
        if (performance.now() - since > this.leaseS * 1000) this.#former.delete(owner);
        else void this.#renew(owner, gaveUpS);
      }
    };
    renewAll();
    this.#timer = setInterval(renewAll, (this.leaseS * 1000) / 3);
  }

  /** Keeps the owner's sessions alive from now on. */
  keep(owner: string): void {
    this.#owners.add(owner);
  }

  /** Cancels `giveUp` for an owner that turned out to be alive and keeps its sessions alive by itself. */
  letBe(owner: string): void {
    this.#former.delete(owner);
  }

  /**
   * Ends the owner's remaining sessions. Resolves when the controllers have none of them any more, after five seconds at the
   * latest: a turn that a task is executing is not interrupted. A controller that does not answer may still have some: it
   * is retried for a minute, but only until the run ends or `wanted` aborts, because then nothing replaces the sessions.
   */
  async giveUp(owner: string, wanted?: AbortSignal): Promise<void> {
    this.#owners.delete(owner);
    this.#former.set(owner, performance.now());
    const { endWithinMs, answerWithinMs, lookEveryMs } = this.patience;
    const answeredBy = performance.now() + answerWithinMs;
    let endedBy: number | undefined;
    for (;;) {
      const { sessions, isPartial } = await this.#renew(owner, gaveUpS);
      const isUnknown = isPartial && this.#isRunning && !wanted?.aborted;
      if (sessions === 0 && !isUnknown) return;
      if (!isUnknown) endedBy ??= performance.now() + endWithinMs;
      if (performance.now() >= (endedBy ?? answeredBy)) return;
      await delay(lookEveryMs);
    }
  }

  async #stop(): Promise<void> {
    this.#isRunning = false;
    clearInterval(this.#timer);
    await Promise.all([...this.#owners, ...this.#former.keys()].map((owner) => this.#renew(owner, gaveUpS)));
  }

  async #renew(owner: string, leaseS: number): Promise<Renewal> {
    const byAddress = new Map(this.clients.map((client) => [client.address, client]));
    const renewals = [...byAddress.values()].map(async (client) => {
      try {
        return (await client.renew(owner, leaseS)) ?? 0;
      } catch (error) {
        this.logger.debug(`Cannot renew the lease at ${client.address}: ${messageOf(error)}`);
        return undefined;
      }
    });
    const counts = await Promise.all(renewals);
    return {
      sessions: counts.reduce<number>((sum, count = 0) => sum + count, 0),
      isPartial: counts.includes(undefined),
    };
  }
}
