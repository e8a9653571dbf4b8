import { setMaxListeners } from "node:events";
import { CodedError, messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { Redis, RedisOptions } from "ioredis";
import { AnsweredClock } from "./answered-clock.js";
import { expireWhatScriptsMake } from "./expiring-scripts.js";
import { type RedisAddress, readAddress, shownAddress } from "./redis-address.js";

export interface RedisLinkOptions extends RedisAddress {
  /** How long a Redis that does not answer is waited for, in milliseconds. */
  timeoutMs: number;
  /** How long keys live that BullMQ's scripts make, in milliseconds. */
  keepMs: number;
  logger: Logger;
}

/** The first answer has to come within this; milliseconds. */
const openMs = 5_000;

/** Between two questions whether it is there, in milliseconds. */
const beatMs = 500;

/** A question that is open at two beats was not answered in time: one that is open at one may have been asked just now. */
const silentBeats = 2;

/** So long without an answer is an outage, and the user is told. */
const noticeMs = 4_000;

/** Without any byte for so long a connection is opened anew: its other end may be gone without a word. */
const silenceMs = 15_000;

/**
 * Connections to one Redis, watched: while it does not answer, commands wait; once it was away for longer than the
 * timeout, the link is broken, and every command rejects.
 */
export class RedisLink {
  /** Aborts with a REDIS_UNREACHABLE when the Redis is given up. */
  readonly broken: AbortSignal;
  readonly #break = new AbortController();
  readonly #copies: Redis[] = [];
  #beat: NodeJS.Timeout | undefined;
  /** Of the time in which it answers. */
  readonly clock = new AnsweredClock(() => performance.now(), noticeMs);
  readonly #onReturn = new Set<() => void>();
  #lastBeat = performance.now();
  #isAsking = false;
  /** A question is open: asked, and not answered yet. */
  #isOpen = false;
  #openBeats = 0;
  /** For how long; time in which this process itself did not run does not count. */
  #openMs = 0;
  #hasReconnected = false;
  #isAway = false;
  #isRefusing = false;
  #isClosed = false;

  private constructor(
    readonly redis: Redis,
    private readonly options: RedisLinkOptions,
  ) {
    this.broken = this.#break.signal;
    // Every command under way listens.
    setMaxListeners(0, this.broken);
    this.#beat = setInterval(() => this.#onBeat(), beatMs);
    redis.on("close", () => {
      this.clock.interrupted();
      this.#hasReconnected = true;
    });
    // A connection that is new asks at once: others wait for what is done first when it answers again.
    redis.on("ready", () => void this.#ask());
  }

  /** Connects. Rejects within some seconds with REDIS_UNREACHABLE, UNAUTHORIZED or USAGE. */
  static async open(options: RedisLinkOptions): Promise<RedisLink> {
    const { Redis } = await import("ioredis");
    let isOpen = false;
    const settings: RedisOptions = {
      ...(await readAddress(options)),
      lazyConnect: true,
      connectTimeout: openMs,
      socketTimeout: silenceMs,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => (isOpen ? Math.min(1_000, 50 * 2 ** times) : null),
    };
    const redis: Redis = new Redis({ ...settings, replyMapping: "legacy" });
    const fault = faultOf(redis);
    try {
      await within(openMs, (async () => redis.connect().then(() => redis.ping()))());
    } catch (error) {
      redis.disconnect();
      throw describeFault(fault() ?? error, options.url);
    }
    isOpen = true;
    expireWhatScriptsMake(redis, options.keepMs);
    return new RedisLink(redis, options);
  }

  /** Whether it does not answer, or refuses, for longer than some seconds. */
  get isAway(): boolean {
    return this.#isAway || this.#isRefusing;
  }

  /** Whether it did not answer in time just now, though this process has listened. */
  get isSilent(): boolean {
    return this.#openBeats >= silentBeats;
  }

  /** Has `call` called whenever it answers again. Returns what ends that. */
  onReturn(call: () => void): () => void {
    this.#onReturn.add(call);
    return () => void this.#onReturn.delete(call);
  }

  get shown(): string {
    return shownAddress(this.options.url);
  }

  /** One more connection, for what blocks. */
  copy(options: { socketTimeout?: undefined } = {}): Redis {
    const copy = this.redis.duplicate({ ...options, lazyConnect: false });
    copy.on("error", () => {});
    this.#copies.push(copy);
    return copy;
  }

  /**
   * Calls until it succeeds: a connection that breaks rejects what was half answered. Only for what may be done twice.
   * Rejects when the link is broken, or closed. A Redis that refuses for the whole timeout breaks it.
   */
  async persist<T>(call: () => Promise<T>): Promise<T> {
    let refusedSince: number | undefined;
    for (;;) {
      this.broken.throwIfAborted();
      try {
        const answer = await this.orBroken(call());
        if (refusedSince !== undefined) this.#isRefusing = false;
        return answer;
      } catch (error) {
        if (this.#isClosed || this.broken.aborted || !isPassing(error)) throw error;
        if (isRefusal(error)) refusedSince = this.#bearRefusal(error, refusedSince);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** What `promise` gives, or the reason for which the link broke meanwhile. */
  async orBroken<T>(promise: Promise<T>): Promise<T> {
    let onBreak = () => {};
    const broken = new Promise<never>((_, reject) => {
      onBreak = () => reject(this.broken.reason);
      this.broken.addEventListener("abort", onBreak);
    });
    try {
      return await Promise.race([promise, broken]);
    } finally {
      this.broken.removeEventListener("abort", onBreak);
    }
  }

  /** Ends all connections at once. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#beat);
    for (const redis of [this.redis, ...this.#copies]) redis.disconnect();
  }

  #onBeat(): void {
    const now = performance.now();
    const passedMs = Math.min(now - this.#lastBeat, 2 * beatMs);
    this.#lastBeat = now;
    if (this.#isOpen) {
      this.#openBeats += 1;
      this.#openMs += passedMs;
      this.#judge();
    }
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#isOpen = true;
    try {
      await this.redis.ping();
      this.#hear();
    } catch {
      // The next beat asks again.
    } finally {
      this.#isAsking = false;
    }
  }

  #hear(): void {
    const hasReturned = this.isSilent || this.#hasReconnected;
    this.#isOpen = false;
    this.#openBeats = 0;
    this.#openMs = 0;
    this.#hasReconnected = false;
    if (!this.#isRefusing) this.clock.answered();
    if (this.#isAway) this.options.logger.info(`The Redis ${this.shown} answers again`);
    this.#isAway = false;
    if (hasReturned) for (const call of this.#onReturn) call();
  }

  /** Returns since when it is refused; breaks the link where that is too long ago. */
  #bearRefusal(error: unknown, since = performance.now()): number {
    const seconds = this.options.timeoutMs / 1_000;
    const what = `the Redis ${this.shown} refuses what it is told: ${messageOf(error)}`;
    if (!this.#isRefusing) this.options.logger.warn(`${what}; trying again for up to ${seconds} s`);
    this.#isRefusing = true;
    if (performance.now() - since > this.options.timeoutMs) this.#giveUp(`${what} (for ${seconds} s: --redis-timeout)`);
    return since;
  }

  #judge(): void {
    const awayMs = this.#openMs;
    const seconds = this.options.timeoutMs / 1_000;
    if (awayMs > noticeMs && !this.#isAway) {
      this.#isAway = true;
      this.options.logger.warn(`The Redis ${this.shown} does not answer; waiting for up to ${seconds} s`);
    }
    if (awayMs <= this.options.timeoutMs || this.broken.aborted) return;
    this.#giveUp(`the Redis ${this.shown} has not answered for ${seconds} s (--redis-timeout)`);
  }

  #giveUp(why: string): void {
    if (this.broken.aborted) return;
    const advice = "See to it, and launch again with the same output folder to go on";
    this.#break.abort(new CodedError("REDIS_UNREACHABLE", `${why}. ${advice}`));
    this.close();
  }
}

/** The errors that a client tells, without which they would be thrown; the latest one. */
function faultOf(redis: Redis): () => Error | undefined {
  let latest: Error | undefined;
  redis.on("error", (error) => {
    latest = error;
  });
  return () => latest;
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1_000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function describeFault(error: unknown, url: string): CodedError {
  const why = messageOf(error);
  const shown = shownAddress(url);
  if (/WRONGPASS|NOAUTH|invalid password|without any password/i.test(why)) {
    const advice = "Write redis://user:password@host:port (of a server without users, redis://:password@host:port)";
    return new CodedError("UNAUTHORIZED", `the Redis ${shown} refuses the password: ${why}. ${advice}`);
  }
  return new CodedError("REDIS_UNREACHABLE", `the Redis ${shown} cannot be reached: ${why}`, { cause: error });
}

/** Whether a command failed with its connection, or with the state of the server, and not for what it said. */
function isPassing(error: unknown): boolean {
  return isRefusal(error) || /connection|ECONN|EPIPE|aborted|timed? ?out/i.test(messageOf(error));
}

/**
 * A server that is full, cannot save, starts, or hands over: it answers, and carries nothing out. EXECABORT is its answer
 * to a transaction, one of whose commands it has refused.
 */
function isRefusal(error: unknown): boolean {
  const codes = /\b(OOM|MISCONF|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|LOADING|READONLY|EXECABORT)\b/;
  return codes.test(messageOf(error));
}
