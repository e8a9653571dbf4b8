import type { Logger } from "@eval/protocol/logger";
import type { EndedAttempt, Grant } from "../attempt/attempt.js";
import type { CapacityReading } from "../attempt/capacity-reading.js";
import type { ModuleDefinition } from "../attempt/module-definition.js";
import type { RetryPolicy } from "../attempt/retry-policy.js";
import type { RunParam } from "../session/run-param.js";
import type { TaskClient } from "../session/task-client.js";

/** What came of an attempt, as the journal is told. */
export interface Settlement {
  grant: Grant;
  outcome: EndedAttempt;
  /** A failure that will be tried again. */
  retried: boolean;
  durationMs: number;
}

/** Keeps sessions alive, by their owners. */
export interface Leases {
  keep(owner: string): void;
  /**
   * Ends what is left of the owner's sessions. Resolves when no controller has any, at the latest after some seconds: a
   * turn that a task is executing is not cut short. A controller that does not answer is asked for a minute, or until
   * `wanted` aborts. With v0.2's controllers at once: there they expire by themselves.
   */
  giveUp(owner: string, wanted?: AbortSignal): Promise<void>;
  /** An owner that was given up is there after all, and keeps its sessions alive by itself. */
  letBe(owner: string): void;
}

/** What every centre is built with. */
export interface CenterOptions extends RunParam {
  /** `agents` and `tasks` as the configuration has them, with references to the environment: what may leave this host. */
  unresolved?: { agents: Record<string, ModuleDefinition>; tasks: Record<string, ModuleDefinition> };
  /** The centre's own options: of `data_parallel`, `local`, ..., or of `runner: {module, parameters}`. */
  parameters: Record<string, unknown>;
  /** For a centre that may lose a runner and go on: the owners of its own, `<owner>/<runner>`, one for each runner. */
  leases: Leases;
  /** The run's clients of its tasks, in this process. */
  clients: ReadonlyMap<string, TaskClient>;
  capacity: { agent: ReadonlyMap<string, number>; task: ReadonlyMap<string, number> };
  retry: RetryPolicy;
  /** So many failures alike in a row, and an agent or a task is left alone for a while; 0: never. Default 10. */
  circuit?: number | undefined;
  logger: Logger;
  /** What the controllers have free of these tasks. A task that is not in the answer could not be asked about. */
  readCapacity: (tasks: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, CapacityReading>>;
  /** Resolves when the outcome is on disk. */
  record: (settlement: Settlement) => Promise<void>;
  onGrant?: (grant: Grant) => void;
  /** An attempt is over, and its capacities are free; its outcome may not be on disk yet. */
  onEnd?: (grant: Grant) => void;
}

/** A task that could not be served for too long, or an agent or a task that failed for too long. */
export interface Starved {
  left: number;
  why: string;
}

/** How a run ended. */
export interface DispatchResult {
  /** What was given up, with the number of samples left and the reason: tasks by their names, agents as `agent NAME`. */
  starved: Map<string, Starved>;
  stopped: boolean;
}
