import { CodedError } from "@eval/protocol";
import type { RedisLink } from "./redis/redis-link.js";
import type { RunKeys } from "./run-keys.js";
import { aliveMs, type HostEntry, keepMs, parseRecord, type RunState, type TravelingParam } from "./run-records.js";

/** A host that has come back since it was looked at is not struck off. */
const strikeScript = `
for at, host in ipairs(ARGV) do
  if redis.call("EXISTS", KEYS[at + 1]) == 0 then redis.call("SREM", KEYS[1], host) end
end
`;

/** What the center and its hosts know of each other through Redis; the center's side. */
export class RunRegistry {
  #term = 0;

  constructor(
    private readonly link: RedisLink,
    private readonly keys: RunKeys,
    private readonly runId: string,
  ) {}

  get term(): number {
    return this.#term;
  }

  /** Whether an earlier launch of this run has left something. */
  async isLeft(): Promise<boolean> {
    const text = await this.link.orBroken(this.link.redis.get(this.keys.state));
    return parseRecord<RunState>(text)?.runId === this.runId;
  }

  /**
   * Makes this process the run's center; returns what an earlier one has left, if one has. Rejects with USAGE where
   * another run has the name.
   */
  async claim(): Promise<RunState | undefined> {
    const { redis } = this.link;
    const earlier = parseRecord<RunState>(await this.link.orBroken(redis.get(this.keys.state)));
    if (earlier !== undefined && earlier.runId !== this.runId) {
      const advice = "choose another name, or give that run's output folder";
      throw new CodedError(
        "USAGE",
        `another run (${earlier.runId}) keeps ${this.keys.prefix} in this Redis: ${advice}`,
      );
    }
    const replies = await this.link.orBroken(redis.multi().incr(this.keys.term).pexpire(this.keys.term, keepMs).exec());
    this.#term = Number(replies?.[0]?.[1]);
    return earlier;
  }

  async publish(state: RunState, param: TravelingParam): Promise<void> {
    const { redis, persist } = { redis: this.link.redis, persist: this.link.persist.bind(this.link) };
    await persist(() => redis.set(this.keys.param, JSON.stringify(param), "PX", keepMs));
    await persist(() => redis.set(this.keys.state, JSON.stringify(state), "PX", keepMs));
    await this.pulse();
  }

  /** False: Redis has lost what it was told. Throws OUTPUT_LOCKED where another center has taken the run over. */
  async pulse(): Promise<boolean> {
    const { redis } = this.link;
    const beat = () => Promise.all([redis.get(this.keys.term), redis.set(this.keys.center, this.#term, "PX", aliveMs)]);
    const [term] = await this.link.persist(beat);
    if (term !== null) this.#assertTerm(term);
    return term !== null;
  }

  /** After Redis has forgotten the run. */
  async restoreTerm(): Promise<void> {
    await this.link.persist(() => this.link.redis.set(this.keys.term, this.#term, "PX", keepMs));
  }

  /** Throws OUTPUT_LOCKED where another center has taken the run over. */
  async assertTerm(): Promise<void> {
    const term = await this.link.persist(() => this.link.redis.get(this.keys.term));
    if (term !== null) this.#assertTerm(term);
  }

  /** The living hosts, by id; dead ones are struck off. */
  async hosts(): Promise<Map<string, HostEntry>> {
    const { redis } = this.link;
    const ids = await this.link.persist(() => redis.smembers(this.keys.hosts));
    if (ids.length === 0) return new Map();
    const texts = await this.link.persist(() => redis.mget(ids.map(this.keys.host)));
    const entries = ids.map((id, at) => [id, parseRecord<HostEntry>(texts[at] ?? null)] as const);
    const dead = entries.filter(([, entry]) => entry === undefined).map(([id]) => id);
    const names = [this.keys.hosts, ...dead.map(this.keys.host)];
    if (dead.length > 0) await this.link.persist(() => redis.eval(strikeScript, names.length, ...names, ...dead));
    return new Map(entries.filter((entry): entry is [string, HostEntry] => entry[1] !== undefined));
  }

  /** What the registry holds lives on as if it had been told now. */
  async keep(): Promise<void> {
    const { term, state, param, seats } = this.keys;
    const { redis } = this.link;
    await this.link.persist(() => Promise.all([term, state, param, seats].map((key) => redis.pexpire(key, keepMs))));
  }

  /** Removes what the registry holds. */
  async clear(): Promise<void> {
    const { keys, link } = this;
    const hosts = await link.persist(() => link.redis.smembers(keys.hosts));
    const names = [keys.term, keys.state, keys.param, keys.center, keys.hosts, keys.seats, keys.finished];
    await link.persist(() => link.redis.del(...names, ...hosts.map(keys.host)));
  }

  #assertTerm(term: string): void {
    if (Number(term) === this.#term) return;
    const what = "another launch has taken the run over";
    throw new CodedError("OUTPUT_LOCKED", `${what}; this one ends, and what runs is left to it`);
  }
}
