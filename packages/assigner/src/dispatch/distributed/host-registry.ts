import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { HostEntry } from "./run-records.js";
import { slotsByShard } from "./shards.js";

/** The runner hosts that are there, and what becomes of those that are not any more. */
export class HostRegistry {
  #hosts: ReadonlyMap<string, HostEntry> = new Map();
  /** Hosts that have lost an attempt, as long as they give signs of life. */
  readonly #suspected = new Set<string>();
  readonly #burying = new Map<string, Promise<void>>();
  #slots: number[];

  constructor(
    private readonly shards: number,
    private readonly logger: Logger,
    private readonly onGone: (host: string) => Promise<void>,
    private readonly onHere: (host: string) => void,
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

  /**
   * @param heard hosts of which there is a sign of life
   * @param isSteady whether all that live could give one; where not, silence says nothing of a host that was there
   */
  update(heard: ReadonlyMap<string, HostEntry>, isSteady: boolean): void {
    const hosts = isSteady ? heard : new Map([...this.#hosts, ...heard]);
    for (const [id, { name, slots }] of hosts) {
      if (this.#hosts.has(id)) continue;
      this.onHere(id);
      this.logger.info(`Runner host ${id} is here (${name}), for ${slots} samples at once`);
    }
    for (const [id, { name }] of this.#hosts) {
      if (!hosts.has(id)) this.logger.info(`Runner host ${id} is gone (${name})`);
    }
    this.#hosts = hosts;
    this.#slots = slotsByShard([...hosts.values()], this.shards);
  }

  has(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** It has lost an attempt. Of one that is gone: resolves when what it ran has ended, as far as that can be had. */
  suspect(host: string): Promise<void> {
    if (!this.#hosts.has(host)) return this.#bury(host);
    this.#suspected.add(host);
    return Promise.resolve();
  }

  /** A host that only lost touch with Redis ends its sessions by itself; one that is gone cannot. */
  bury(): void {
    for (const host of this.#suspected) {
      if (this.#hosts.has(host)) continue;
      this.#suspected.delete(host);
      void this.#bury(host);
    }
  }

  /** Once at a time for a host, however many attempts it has lost. Never rejects. */
  #bury(host: string): Promise<void> {
    const burying =
      this.#burying.get(host) ??
      this.onGone(host)
        .catch((error) => this.logger.warn(`What runner host ${host} ran could not be ended: ${messageOf(error)}`))
        .finally(() => this.#burying.delete(host));
    this.#burying.set(host, burying);
    return burying;
  }
}
