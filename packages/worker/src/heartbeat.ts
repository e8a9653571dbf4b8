import { controllerRoutes, type Heartbeat, isCodedError, messageOf } from "@eval/protocol";
import { createClient, ReplyError, type RouteClient } from "@eval/protocol/http-client";
import type { Logger } from "@eval/protocol/logger";
import type { Contact } from "./contact.js";
import { LoopLag } from "./loop-lag.js";
import { type GivenIndices, SentIndices } from "./sent-indices.js";
import type { TaskHost } from "./task-host.js";

export interface HeartbeatOptions {
  host: TaskHost;
  incarnation: string;
  /** Address of the controller, such as `http://localhost:5000/api`. */
  controller: string;
  /** Address under which the controller reaches this worker. */
  self: string;
  token?: string | undefined;
  contact: Contact;
  logger: Logger;
  /** Milliseconds between two heartbeats. Default 8,000. */
  intervalMs?: number;
  /** How long sessions outlive their lease while the controller is unreachable, in milliseconds. Default 30,000. */
  graceMs?: number;
}

/** Registers the worker repeatedly: immediately, then every 8 s, and about every second while this fails. */
export class HeartbeatLoop {
  readonly #client: RouteClient<typeof controllerRoutes>;
  readonly #lag = new LoopLag();
  readonly #indices: SentIndices;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #registered = false;
  #failures = 0;
  #lastRefusal = "";

  constructor(private readonly options: HeartbeatOptions) {
    const { controller, token, incarnation, host } = options;
    this.#indices = new SentIndices(host.indices);
    this.#client = createClient(controllerRoutes, {
      address: controller,
      token,
      instance: incarnation,
      connections: 1,
    });
  }

  /** Whether the last heartbeat was accepted. */
  get registered(): boolean {
    return this.#registered;
  }

  start(): void {
    this.#lag.start();
    this.#watch = setInterval(() => this.#expire(), expiryTickMs);
    this.#watch.unref();
    this.#beat();
  }

  /** Sends the changes to the controller now instead of with the next heartbeat. */
  async announce(): Promise<void> {
    await this.#beating;
    clearTimeout(this.#timer);
    await this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#lag.stop();
    await this.#client.http.close();
  }

  #beat(): Promise<void> {
    this.#beating = this.#send().then(() => {
      if (!this.#stopping.signal.aborted) this.#timer = setTimeout(() => this.#beat(), this.#delay());
    });
    return this.#beating;
  }

  async #send(): Promise<void> {
    try {
      const news = this.#news();
      const isDone = await this.#give(news, this.#indices.next());
      if (!isDone) await this.#give(news, this.#indices.next());
      this.#accepted();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#refused(error);
    }
  }

  /** Sends one heartbeat. Resolves with false if a complete heartbeat must follow. */
  async #give(news: Heartbeat, given: GivenIndices): Promise<boolean> {
    const limits = { timeoutMs: 10_000, signal: this.#stopping.signal };
    try {
      const { value, peer } = await this.#client.receiveHeartbeat({ ...news, ...given }, limits);
      return this.#indices.answered(given, value?.need ?? [], peer);
    } catch (error) {
      // An address that was unreachable may now belong to another controller. A slow controller is still the same one.
      if (!isCodedError(error) || error.code !== "TIMEOUT") this.#indices.forget();
      if ("indices_digest" in given && isCodedError(error) && error.status === 422) return false;
      throw error;
    }
  }

  #expire(): void {
    this.options.host.expire(this.options.contact.silence(), this.options.graceMs ?? 30_000);
  }

  /** A heartbeat without indices. */
  #news(): Heartbeat {
    const { host, self, incarnation } = this.options;
    const heartbeat: Heartbeat = {
      name: host.task.name,
      address: self,
      concurrency: host.task.concurrency,
      incarnation,
      sessions_version: host.sessionsVersion,
      current: host.current,
      loop_lag_ms: this.#lag.take(),
      draining: host.draining,
      overall_needs_history: host.task.overallNeedsHistory ?? false,
    };
    return host.task.version === undefined ? heartbeat : { ...heartbeat, version: String(host.task.version) };
  }

  #accepted(): void {
    this.options.contact.touch();
    if (!this.#registered) this.options.logger.info(`Registered at ${this.#client.http.address}`);
    this.#registered = true;
    this.#failures = 0;
    this.#lastRefusal = "";
  }

  /** Logs each reason once, however often it occurs in a row. */
  #refused(error: unknown): void {
    const { logger, controller } = this.options;
    this.#registered = false;
    this.#failures += 1;
    const why = messageOf(error);
    const isNews = why !== this.#lastRefusal;
    this.#lastRefusal = why;
    if (!isNews) logger.debug(`Still not registered: ${why}`);
    else if (error instanceof ReplyError) logger.error(`The controller rejected the registration: ${why}`);
    else logger.warn(`Waiting for the controller at ${controller}: ${why}`);
  }

  /** Retries soon after a failure, then less often, but never less often than a regular heartbeat. */
  #delay(): number {
    const interval = this.options.intervalMs ?? 8_000;
    if (this.#registered) return interval;
    const backoff = Math.min(interval, 250 * 2 ** Math.min(this.#failures, 4));
    return backoff * (0.75 + Math.random() / 2);
  }
}

/** How often sessions without contact are checked, in milliseconds. */
export const expiryTickMs = 1_000;
