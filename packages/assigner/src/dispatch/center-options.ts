import type { Logger } from "@eval/protocol/logger";
import type { EndedAttempt, Grant } from "../attempt/attempt.js";
import type { CapacityReading } from "../attempt/capacity-reading.js";
import type { ModuleDefinition } from "../attempt/module-definition.js";
import type { RetryPolicy } from "../attempt/retry-policy.js";
import type { RunParam } from "../session/run-param.js";
import type { TaskClient } from "../session/task-client.js";

/** The end of an attempt, as reported to the journal. */
export interface Settlement {
  grant: Grant;
  outcome: EndedAttempt;
  /** Whether it is a failure that will be retried. */
  retried: boolean;
  durationMs: number;
}

/** Keeps the sessions of owners alive. */
export interface Leases {
  keep(owner: string): void;
  /**
   * Ends the owner's remaining sessions. Resolves when no controller has any, after some seconds at the latest: a turn
   * that a task is executing is not interrupted. An unreachable controller is retried for a minute, or until `wanted`
   * aborts. With v0.2's controllers it resolves at once: their sessions expire by themselves.
   */
  giveUp(owner: string, wanted?: AbortSignal): Promise<void>;
  /** Cancels `giveUp` for an owner that turned out to be alive and keeps its sessions alive by itself. */
  letBe(owner: string): void;
}

/** The constructor options of every center. */
export interface CenterOptions extends RunParam {
  /** `agents` and `tasks` as configured, with unresolved environment references: the form that may leave this host. */
  unresolved?: { agents: Record<string, ModuleDefinition>; tasks: Record<string, ModuleDefinition> };
  /** The center's own options: of `data_parallel`, `local`, ..., or of `runner: {module, parameters}`. */
  parameters: Record<string, unknown>;
  /** For a center that survives the loss of a runner: each runner has its own owner, `<owner>/<runner>`. */
  leases: Leases;
  /** The clients of the run's tasks in this process. */
  clients: ReadonlyMap<string, TaskClient>;
  capacity: { agent: ReadonlyMap<string, number>; task: ReadonlyMap<string, number> };
  retry: RetryPolicy;
  /** Pauses an agent or a task after this many identical failures in a row; 0 disables this. Default 10. */
  circuit?: number | undefined;
  logger: Logger;
  /** Reads the free capacity of these tasks. A task whose controller is unreachable is missing from the result. */
  readCapacity: (tasks: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, CapacityReading>>;
  /** Resolves when the outcome is on disk. */
  record: (settlement: Settlement) => Promise<void>;
  onGrant?: (grant: Grant) => void;
  /** Called when an attempt has ended and its capacities are free; its outcome may not be on disk yet. */
  onEnd?: (grant: Grant) => void;
}

/** A task that had no workers, or an agent or a task that kept failing, for too long. */
export interface Starved {
  left: number;
  why: string;
}

/** How a run ended. */
export interface DispatchResult {
  /** Tasks and agents that were given up, with the number of remaining samples and the reason: tasks by name, agents as `agent NAME`. */
  starved: Map<string, Starved>;
  stopped: boolean;
}
