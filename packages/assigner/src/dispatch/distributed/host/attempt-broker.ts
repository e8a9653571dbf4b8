import { hostname } from "node:os";
import type { RedisLink } from "../redis/redis-link.js";
import type { RunKeys } from "../run-keys.js";
import { aliveMs, type HostEntry, keepMs, parseRecord, type RunState, type TravelingParam } from "../run-records.js";
import { shardsOfHost } from "../shards.js";

/** The list of hosts outlives the last of them by so much; milliseconds. */
const hostsMs = 6 * aliveMs;

/** What the run says of itself at one moment. */
export interface RunNews {
  /** Undefined: Redis knows no such run (any more). */
  state: RunState | undefined;
  /** Whether the center lives. */
  isLed: boolean;
}

/** What the center and its hosts know of each other through Redis; a host's side. */
export class AttemptBroker {
  constructor(
    private readonly link: RedisLink,
    private readonly keys: RunKeys,
    readonly host: string,
  ) {}

  async news(): Promise<RunNews> {
    const { redis } = this.link;
    const [state, center] = await this.link.persist(() => redis.mget(this.keys.state, this.keys.center));
    return { state: parseRecord<RunState>(state ?? null), isLed: center !== null };
  }

  /** The text of the {@link TravelingParam}. */
  param(): Promise<string | null> {
    return this.link.persist(() => this.link.redis.get(this.keys.param));
  }

  /** The queues that this host is to serve. */
  async seat(shards: number): Promise<number[]> {
    if (shards === 1) return [0];
    const { redis } = this.link;
    const { seats } = this.keys;
    const replies = await this.link.persist(() => redis.multi().incr(seats).pexpire(seats, keepMs).exec());
    return shardsOfHost(Number(replies?.[0]?.[1]) - 1, shards);
  }

  /** A sign of life. */
  async register(slots: number, shards: readonly number[]): Promise<void> {
    const { redis } = this.link;
    const entry: HostEntry = { name: `${hostname()}, process ${process.pid}`, slots, shards: [...shards] };
    const { hosts, host } = this.keys;
    const sign = () => {
      const entered = redis.multi().set(host(this.host), JSON.stringify(entry), "PX", aliveMs).sadd(hosts, this.host);
      return entered.pexpire(hosts, hostsMs).exec();
    };
    await this.link.persist(sign);
  }

  async leave(): Promise<void> {
    const { redis } = this.link;
    const leave = () => Promise.all([redis.del(this.keys.host(this.host)), redis.srem(this.keys.hosts, this.host)]);
    await this.link.persist(leave);
  }
}

export function readParam(text: string): TravelingParam {
  return JSON.parse(text) as TravelingParam;
}
