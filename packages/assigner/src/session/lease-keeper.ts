import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { TaskClient } from "./task-client.js";

/** Renews the lease of an owner's sessions at every controller of its tasks, three times in each lease. */
export class LeaseKeeper {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly clients: readonly Pick<TaskClient, "address" | "renew">[],
    private readonly owner: string,
    private readonly leaseS: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    void this.#renew(this.leaseS);
    this.#timer = setInterval(() => void this.#renew(this.leaseS), (this.leaseS * 1000) / 3);
  }

  /** Gives the leases up: what may be left of the owner's sessions ends now, and not when they would run out. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renew(0.001);
  }

  async #renew(leaseS: number): Promise<void> {
    const byAddress = new Map(this.clients.map((client) => [client.address, client]));
    const renewals = [...byAddress.values()].map(async (client) => {
      try {
        await client.renew(this.owner, leaseS);
      } catch (error) {
        this.logger.debug(`Could not renew the lease at ${client.address}: ${messageOf(error)}`);
      }
    });
    await Promise.all(renewals);
  }
}
