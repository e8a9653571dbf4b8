import type { Logger } from "@eval/protocol/logger";
import type { CompleteSettings } from "../../attempt/distributed-settings.js";
import { AttemptQueues } from "./attempt-queues.js";
import { RedisLink } from "./redis/redis-link.js";
import { warnOfEviction } from "./redis/redis-policy.js";
import { ResultStore } from "./result-store.js";
import { runKeys, shardsFor } from "./run-keys.js";
import { keepMs, type RunState, type TravelingParam } from "./run-records.js";
import { RunRegistry } from "./run-registry.js";

export interface RunConnectionOptions {
  settings: CompleteSettings;
  runId: string;
  /** Attempts in flight at most. */
  capacity: number;
  param: TravelingParam;
  logger: Logger;
}

/** How long hosts have to leave once the run is over, in milliseconds. */
const leaveMs = 3_000;

/** A run in Redis, as its center holds it: from the moment in which it is claimed until nothing is left of it. */
export class RunConnection {
  private constructor(
    private readonly options: RunConnectionOptions,
    private state: RunState,
    /** Whether an earlier launch had left something of it. */
    readonly isContinued: boolean,
    readonly link: RedisLink,
    readonly registry: RunRegistry,
    readonly store: ResultStore,
    readonly queues: AttemptQueues,
  ) {}

  /** Takes the run over, and tells hosts what to work with. */
  static async open(options: RunConnectionOptions): Promise<RunConnection> {
    const { settings, runId, capacity, param, logger } = options;
    const link = await RedisLink.open({ ...settings, keepMs, logger });
    try {
      await warnOfEviction(link, logger);
      const keys = runKeys(settings.run);
      const registry = new RunRegistry(link, keys, runId);
      const earlier = await registry.claim();
      const shards = Math.max(shardsFor(capacity), earlier?.shards ?? 1);
      const { lockMs } = settings;
      const state: RunState = { runId, term: registry.term, phase: "running", shards, lockMs };
      await registry.publish(state, param);
      const queues = await AttemptQueues.open(link, keys, shards);
      return new RunConnection(
        options,
        state,
        earlier !== undefined,
        link,
        registry,
        new ResultStore(link, keys),
        queues,
      );
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /**
   * Clears what an earlier launch of the run has left, if it has left anything: for a launch that has nothing to run.
   * Rejects where the Redis cannot be reached.
   */
  static async clearLeft(options: RunConnectionOptions): Promise<void> {
    const { settings, runId, logger } = options;
    const link = await RedisLink.open({ ...settings, keepMs, logger });
    const isLeft = await new RunRegistry(link, runKeys(settings.run), runId).isLeft().finally(() => link.close());
    if (!isLeft) return;
    const connection = await RunConnection.open(options);
    try {
      await connection.clear();
    } finally {
      await connection.close();
    }
    logger.info(`Removed from Redis what an earlier launch had left of the run ${settings.run}`);
  }

  /** Says where the run stands. */
  async tell(phase: RunState["phase"]): Promise<void> {
    this.state = { ...this.state, phase };
    await this.registry.publish(this.state, this.options.param);
  }

  /** A sign of life; what Redis has forgotten it is told again. */
  async pulse(): Promise<void> {
    if (await this.registry.pulse()) return;
    this.options.logger.warn("Redis has lost what it held of the run; what ran there is run again");
    await this.registry.restoreTerm();
    await this.tell(this.state.phase);
  }

  /** Tells hosts that it is over, and leaves nothing of the run behind. Rejects where another launch has taken it over. */
  async clear(): Promise<void> {
    await this.registry.assertTerm();
    await this.tell("over");
    const { clock } = this.link;
    const deadline = clock.now() + leaveMs;
    while ((await this.registry.hosts()).size > 0 && clock.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.queues.clear();
    await this.store.clear();
    await this.registry.clear();
  }

  async close(): Promise<void> {
    await this.queues.close();
    this.link.close();
  }
}
