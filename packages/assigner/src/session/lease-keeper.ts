import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { TaskClient } from "./task-client.js";

/** What asks for next to nothing: the sessions end now, and not when their lease would run out. */
const gaveUpS = 0.001;

/** How long the end of an owner's sessions is waited for, and between two looks; milliseconds. */
const endWithinMs = 5_000;
const lookEveryMs = 200;

/** Renews the leases of owners' sessions at every controller of their tasks, three times in each lease. */
export class LeaseKeeper {
  #timer: NodeJS.Timeout | undefined;
  readonly #owners = new Set<string>();
  readonly #former = new Set<string>();

  constructor(
    private readonly clients: readonly Pick<TaskClient, "address" | "renew">[],
    private readonly leaseS: number,
    private readonly logger: Logger,
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
    for (const owner of this.#owners) void this.#renew(owner, this.leaseS);
    this.#timer = setInterval(
      () => {
        for (const owner of this.#owners) void this.#renew(owner, this.leaseS);
      },
      (this.leaseS * 1000) / 3,
    );
  }

  /** From now on the owner's sessions are kept alive. */
  keep(owner: string): void {
    this.#owners.add(owner);
  }

  /**
   * What is left of the owner's sessions ends. Resolves when the controllers have none of them any more, at the latest
   * after five seconds: a turn that a task is executing is not cut short.
   */
  async giveUp(owner: string): Promise<void> {
    this.#owners.delete(owner);
    this.#former.add(owner);
    const deadline = performance.now() + endWithinMs;
    while ((await this.#renew(owner, gaveUpS)) > 0 && performance.now() < deadline) await delay(lookEveryMs);
  }

  /** A start that was still on its way when its runner was lost is caught here. */
  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#owners, ...this.#former].map((owner) => this.#renew(owner, gaveUpS)));
  }

  /** Returns how many sessions the owner has; none where that cannot be known. */
  async #renew(owner: string, leaseS: number): Promise<number> {
    const byAddress = new Map(this.clients.map((client) => [client.address, client]));
    const renewals = [...byAddress.values()].map(async (client) => {
      try {
        return (await client.renew(owner, leaseS)) ?? 0;
      } catch (error) {
        this.logger.debug(`Could not renew the lease at ${client.address}: ${messageOf(error)}`);
        return 0;
      }
    });
    return (await Promise.all(renewals)).reduce((sum, sessions) => sum + sessions, 0);
  }
}
