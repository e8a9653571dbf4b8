import type { Logger } from "@eval/protocol/logger";
import type { RunShared } from "../../../session/run-param.js";
import type { RedisLink } from "../redis/redis-link.js";
import type { RunKeys } from "../run-keys.js";
import type { RunState } from "../run-records.js";
import type { AttemptBroker } from "./attempt-broker.js";

export interface HostSessionOptions {
  link: RedisLink;
  keys: RunKeys;
  broker: AttemptBroker;
  state: RunState;
  /** What `shared` was made of, as the run has it. */
  param: string;
  shared: RunShared;
  shards: readonly number[];
  /** Attempts at once. */
  concurrency: number;
  /** How long a run without a center is waited with, while nothing runs; milliseconds. */
  waitMs: number;
  /** Takes this host's secrets out of a text. */
  redact: (text: string) => string;
  logger: Logger;
}

/** Why a service ended. `changed`: a new launch brings other definitions. `left alone`: its center is gone. */
export type HostSessionEnd = "over" | "drained" | "changed" | "left alone";
