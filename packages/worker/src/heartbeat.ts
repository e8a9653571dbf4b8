import { monitorEventLoopDelay } from "node:perf_hooks";
import { controllerRoutes, type Heartbeat, isCodedError, messageOf } from "@eval/protocol";
import { createClient, ReplyError, type RouteClient } from "@eval/protocol/http-client";
import type { Logger } from "@eval/protocol/logger";
import type { Contact } from "./contact.js";
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
  /** How long sessions outlive their lease when the controller is out of reach, in milliseconds. Default 30,000. */
  graceMs?: number;
}

/** Registers the worker, again and again: at once, then every 8 s; every second or so while that fails. */
export class HeartbeatLoop {
  readonly #client: RouteClient<typeof controllerRoutes>;
  readonly #lag = monitorEventLoopDelay({ resolution: 100 });
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #registered = false;
  #failures = 0;

  constructor(private readonly options: HeartbeatOptions) {
    const { controller, token, incarnation } = options;
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
    this.#lag.enable();
    void this.#beat();
  }

  /** Tells the controller what changed now, instead of at the next turn. */
  async announce(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    this.#lag.disable();
    await this.#client.http.close();
  }

  async #beat(): Promise<void> {
    try {
      await this.#client.receiveHeartbeat(this.#heartbeat(), { timeoutMs: 10_000, signal: this.#stopping.signal });
      this.#accepted();
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#refused(error);
    }
    if (this.#stopping.signal.aborted) return;
    this.options.host.expire(this.options.contact.silence(), this.options.graceMs ?? 30_000);
    this.#timer = setTimeout(() => void this.#beat(), this.#delay());
  }

  #heartbeat(): Heartbeat {
    const { host, self, incarnation } = this.options;
    const lag = this.#lag.max / 1e6;
    this.#lag.reset();
    const heartbeat: Heartbeat = {
      name: host.task.name,
      address: self,
      concurrency: host.task.concurrency,
      indices: [...host.indices],
      incarnation,
      sessions_version: host.sessionsVersion,
      current: host.current,
      loop_lag_ms: Number.isFinite(lag) ? Math.max(0, Math.round(lag)) : 0,
      draining: host.draining,
    };
    return host.task.version === undefined ? heartbeat : { ...heartbeat, version: String(host.task.version) };
  }

  #accepted(): void {
    this.options.contact.touch();
    if (!this.#registered) this.options.logger.info(`Registered at ${this.#client.http.address}`);
    this.#registered = true;
    this.#failures = 0;
  }

  #refused(error: unknown): void {
    const { logger, controller } = this.options;
    const first = this.#failures === 0 || this.#registered;
    this.#registered = false;
    this.#failures += 1;
    const why = messageOf(error);
    if (error instanceof ReplyError) logger.error(`The controller refused the registration: ${why}`);
    else if (first) logger.warn(`Waiting for the controller at ${controller}: ${why}`);
    else logger.debug(`Still no controller: ${isCodedError(error) ? error.code : why}`);
  }

  /** Failures are tried again soon, then less often; never more seldom than a regular heartbeat. */
  #delay(): number {
    const interval = this.options.intervalMs ?? 8_000;
    if (this.#registered) return interval;
    const backoff = Math.min(interval, 250 * 2 ** Math.min(this.#failures, 4));
    return backoff * (0.75 + Math.random() / 2);
  }
}
