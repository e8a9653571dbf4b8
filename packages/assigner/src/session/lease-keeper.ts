import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { TaskClient } from "./task-client.js";

/** What asks for next to nothing: the sessions end now, and not when their lease would run out. */
const gaveUpS = 0.001;

/** How long the end of an owner's sessions is waited for, and between two looks; milliseconds. */
const endWithinMs = 5_000;
const lookEveryMs = 200;

/** How long a controller that does not answer is asked, in milliseconds. */
const answerWithinMs = 60_000;

/** What the controllers say of an owner's sessions. */
interface Renewal {
  sessions: number;
  /** Some controllers did not answer: they may have more. */
  isPartial: boolean;
}

/** Renews the leases of owners' sessions at every controller of their tasks, three times in each lease. */
export class LeaseKeeper {
  #timer: NodeJS.Timeout | undefined;
  readonly #owners = new Set<string>();
  /** Owners that were given up, with when that was; monotonic milliseconds. */
  readonly #former = new Map<string, number>();
  #isRunning = false;

  constructor(
    private readonly clients: readonly Pick<TaskClient, "address" | "renew">[],
    private readonly leaseS: number,
    private readonly logger: Logger,
    /** Milliseconds. */
    private readonly patience = { endWithinMs, answerWithinMs, lookEveryMs },
  ) {}

  /** Keeps the sessions alive while `run` goes on, and gives all leases up behind it. */
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
      // A start that was still on its way when its runner was lost is caught here; after one lease it ends by itself.
      for (const [owner, since] of this.#former) {
        if (performance.now() - since > this.leaseS * 1000) this.#former.delete(owner);
        else void this.#renew(owner, gaveUpS);
      }
    };
    renewAll();
    this.#timer = setInterval(renewAll, (this.leaseS * 1000) / 3);
  }

  /** From now on the owner's sessions are kept alive. */
  keep(owner: string): void {
    this.#owners.add(owner);
  }

  /** An owner that was given up is there after all, and keeps its sessions alive by itself: they are let be. */
  letBe(owner: string): void {
    this.#former.delete(owner);
  }

  /**
   * What is left of the owner's sessions ends. Resolves when the controllers have none of them any more, at the latest
   * after five seconds: a turn that a task is executing is not cut short. A controller that does not answer may still
   * have some: it is asked again for a minute, but not once the run or `wanted` is over, when nothing takes their place.
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
        this.logger.debug(`Could not renew the lease at ${client.address}: ${messageOf(error)}`);
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
