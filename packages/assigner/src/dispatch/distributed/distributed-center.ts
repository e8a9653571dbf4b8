import { messageOf, randomId } from "@eval/protocol";
import type { Grant } from "../../attempt/attempt.js";
import {
  type CompleteSettings,
  completeSettings,
  type DistributedSettings,
} from "../../attempt/distributed-settings.js";
import { type RunParam, type RunShared, restoreRunParam, runParamOf } from "../../session/run-param.js";
import type { CenterOptions } from "../center-options.js";
import { DispatchCenter } from "../dispatch-center.js";
import { Poll } from "../poll.js";
import type { RunnerDescriptor } from "../runner.js";
import { AttemptTracker } from "./attempt-tracker.js";
import { RunConnection, type RunConnectionOptions } from "./run-connection.js";
import { keepEveryMs, ownerOfHost, pulseMs } from "./run-records.js";
import { travelingParam } from "./traveling-param.js";

/** How long hosts have to end what runs when the run is stopped, in milliseconds. */
const cancelMs = 20_000;

/** Between two reminders that nobody is there, in milliseconds. */
const remindMs = 30_000;

/** What a launch works with, once Redis has answered. */
interface Connected {
  connection: RunConnection;
  tracker: AttemptTracker;
}

/**
 * Samples travel through BullMQ's queues on Redis to runner hosts, anywhere, which come and go as they like. The center
 * alone decides what is released and when it is lost, and it alone writes results down.
 */
export class DistributedCenter extends DispatchCenter<RunParam> {
  #connected: Connected | undefined;
  #settings: CompleteSettings | undefined;
  /** Rejects when the run cannot go on. */
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #pulsing: Poll | undefined;
  /** Since when no host has been there; in time in which the Redis answered. */
  #aloneSince = 0;
  #remindedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CenterOptions) {
    super(options);
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Whoever dispatches is told; before and after that nobody is there to hear it.
    this.#failed.catch(() => {});
  }

  /** The class that a runner host makes; how many there are is for those who start hosts to say. */
  override initRunners(): RunnerDescriptor[] {
    return [{ module: new URL("./host/queue-runner.js", import.meta.url).href, export: "QueueRunner", count: 1 }];
  }

  override getSharedParam(): RunParam {
    return runParamOf(this.options);
  }

  static restoreSharedParam(param: RunParam): Promise<RunShared> {
    return restoreRunParam(param);
  }

  /** Hosts speak through Redis alone. */
  override async onRequest(): Promise<undefined> {
    return undefined;
  }

  /** Takes the run over in Redis, and tells hosts what to work with. */
  override async launch(): Promise<void> {
    const { logger } = this.options;
    const connecting = this.#connecting();
    const { settings } = connecting;
    this.#settings = settings;
    const connection = await RunConnection.open(connecting);
    const { link } = connection;
    link.broken.addEventListener("abort", () => this.#fail(link.broken.reason));
    this.#connected = { connection, tracker: this.#makeTracker(connection) };
    this.#pulsing = this.#poll(() => connection.pulse(), pulseMs);
    this.#pulsing.start();
    logger.info(`Runner hosts join with: npx @eval/assigner runner --redis ${link.shown} --run ${settings.run}`);
  }

  protected override async runAll(): Promise<void> {
    const { tracker, connection } = this.#ready();
    this.#aloneSince = connection.link.clock.now();
    const collecting = this.#poll(() => tracker.collect(), pulseMs);
    const surveyMs = Math.min(5_000, (this.#settings as CompleteSettings).lockMs / 4);
    const keeping = this.#poll(async () => {
      await connection.registry.keep();
      await tracker.keep();
    }, keepEveryMs);
    const polls = [collecting, this.#poll(() => this.#survey(), surveyMs), keeping];
    try {
      await Promise.race([this.#failed, this.#pickUp(tracker)]);
      await connection.store.onResult(() => collecting.soon());
      for (const poll of polls) poll.start();
      await Promise.race([this.#failed, this.#releaseAll(tracker)]);
      if (this.stopped.aborted) await Promise.race([this.#failed, this.#cancelAll()]);
    } catch (error) {
      this.stop(messageOf(error));
      throw error;
    } finally {
      for (const poll of polls) poll.stop();
    }
  }

  /** Tells the hosts that it is over, and leaves nothing of the run behind; unless it failed, and may yet go on. */
  override async close(isInOrder: boolean): Promise<void> {
    if (this.#connected === undefined) return isInOrder ? this.#clearLeft() : undefined;
    const { connection, tracker } = this.#connected;
    this.#pulsing?.stop();
    const isEmpty = !connection.isContinued && !tracker.hasReleased;
    try {
      if (connection.link.broken.aborted) return;
      if (isEmpty || (isInOrder && this.failure === undefined)) await connection.clear();
      else
        this.options.logger.warn("What ran, and results that could not be written, stay in Redis for the next launch");
    } catch (error) {
      this.options.logger.warn(`What the run holds in Redis could not be removed: ${messageOf(error)}`);
    } finally {
      await connection.close();
    }
  }

  #connecting(): RunConnectionOptions {
    const { options } = this;
    const runId = runIdOf(options.owner);
    const settings = completeSettings(options.parameters as DistributedSettings, runId);
    const { logger } = options;
    return { settings, runId, capacity: this.#capacity(), param: travelingParam(options), logger };
  }

  /** There was nothing to run; what an earlier launch has left then is of no use to anybody. */
  async #clearLeft(): Promise<void> {
    if ((this.options.parameters as DistributedSettings).redis === undefined) return;
    try {
      await RunConnection.clearLeft(this.#connecting());
    } catch (error) {
      const advice = "It expires by itself; to remove it now, launch again when the Redis can be reached";
      this.options.logger.warn(`What the run may have left in Redis was not removed: ${messageOf(error)}. ${advice}`);
    }
  }

  /** A poll whose failure ends the run. */
  #poll(call: () => Promise<void>, everyMs: number): Poll {
    return new Poll(() => call().catch((error) => this.#fail(error)), everyMs, 0);
  }

  #makeTracker({ link, queues, store, registry }: RunConnection): AttemptTracker {
    return new AttemptTracker({
      queues,
      store,
      registry,
      launch: `${registry.term}-${randomId().slice(0, 8)}`,
      lockMs: (this.#settings as CompleteSettings).lockMs,
      clock: link.clock,
      logger: this.options.logger,
      finish: async (attempt, outcome) => {
        await this.finish(attempt, outcome);
        return this.failure === undefined;
      },
      onHostGone: (host) => this.#endSessionsOf(host),
      onHostHere: (host) => this.options.leases.letBe(ownerOfHost(runIdOf(this.options.owner), host)),
    });
  }

  /** Attempts that an earlier launch has released go on; they are not started again. */
  async #pickUp(tracker: AttemptTracker): Promise<void> {
    const left = await tracker.earlierAttempts();
    const grants = this.adopt(left.map(({ job }) => job));
    for (const [at, attempt] of left.entries()) await tracker.adopt(attempt, grants[at]);
    const count = grants.filter((grant) => grant !== undefined).length;
    if (count > 0) this.options.logger.info(`Picked up ${count} samples that an earlier launch had started`);
  }

  async #releaseAll(tracker: AttemptTracker): Promise<void> {
    for (;;) {
      const grants: Grant[] | undefined = await this.take();
      if (grants === undefined) return;
      await tracker.release(grants);
    }
  }

  /** Hosts end their running attempts and report them; the attempts of a host that does not are revoked. */
  async #cancelAll(): Promise<void> {
    const { tracker, connection } = this.#ready();
    await connection.tell("stopping");
    await tracker.takeBackWaiting();
    const { clock } = connection.link;
    const deadline = clock.now() + cancelMs;
    while (tracker.inFlight > 0 && tracker.hostCount > 0 && clock.now() < deadline) await pause(50);
    await tracker.revokeAll();
  }

  async #survey(): Promise<void> {
    const { tracker, connection } = this.#ready();
    await tracker.survey();
    const now = connection.link.clock.now();
    if (tracker.hostCount > 0) this.#aloneSince = now;
    const aloneMs = now - this.#aloneSince;
    if (this.stopped.aborted || aloneMs < pulseMs) return;
    if (aloneMs > this.options.waitForWorkersMs) {
      this.abandon(`no runner host was there for ${this.options.waitForWorkersMs / 1_000} s (--wait-for-workers)`);
      return tracker.takeBackWaiting();
    }
    if (now - this.#remindedAt < remindMs) return;
    this.#remindedAt = now;
    this.options.logger.warn("No runner host is there; waiting for one to join");
  }

  /** What a dead host ran holds slots of workers until its lease ends: it is ended now, while the run goes on. */
  async #endSessionsOf(host: string): Promise<void> {
    const { leases, owner } = this.options;
    await leases.giveUp(ownerOfHost(runIdOf(owner), host), this.stopped);
  }

  #capacity(): number {
    const { agent, task } = this.options.capacity;
    const sum = (counts: Iterable<number>) => [...counts].reduce((all, count) => all + count, 0);
    return Math.min(sum(agent.values()), sum(task.values()));
  }

  #ready(): Connected {
    if (this.#connected) return this.#connected;
    throw new Error("the center has not been launched, or is closed");
  }
}

/** Of `<run id>/<client instance>`. */
function runIdOf(owner: string): string {
  return owner.split("/", 1)[0] as string;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
