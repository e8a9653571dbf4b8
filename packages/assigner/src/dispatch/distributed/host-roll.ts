import type { Logger } from "@eval/protocol/logger";
import type { HostEntry } from "./run-records.js";
import { slotsByShard } from "./shards.js";

/** The runner hosts that are there, and what becomes of those that are not any more. */
export class HostRoll {
  #hosts: ReadonlyMap<string, HostEntry> = new Map();
  /** Hosts that have lost an attempt, as long as they give signs of life. */
  readonly #suspected = new Set<string>();
  #slots: number[];

  constructor(
    private readonly shards: number,
    private readonly logger: Logger,
    private readonly onGone: (host: string) => Promise<void>,
  ) {
    this.#slots = slotsByShard([], shards);
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** Slots of each queue. */
  get slots(): readonly number[] {
    return this.#slots;
  }

  update(hosts: ReadonlyMap<string, HostEntry>): void {
    for (const [id, { name, slots }] of hosts) {
      if (!this.#hosts.has(id)) this.logger.info(`Runner host ${id} is here (${name}), for ${slots} samples at once`);
    }
    for (const [id, { name }] of this.#hosts) {
      if (!hosts.has(id)) this.logger.info(`Runner host ${id} is gone (${name})`);
    }
    this.#hosts = hosts;
    this.#slots = slotsByShard([...hosts.values()], this.shards);
  }

  /** It has lost an attempt. */
  suspect(host: string): void {
    this.#suspected.add(host);
  }

  /** A host that only lost touch with Redis ends its sessions by itself; one that is gone cannot. */
  async bury(): Promise<void> {
    for (const host of this.#suspected) {
      if (this.#hosts.has(host)) continue;
      this.#suspected.delete(host);
      await this.onGone(host);
    }
  }
}
