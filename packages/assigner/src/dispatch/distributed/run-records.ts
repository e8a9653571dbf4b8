import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import type { ModuleDefinition } from "../../attempt/module-definition.js";

/** What a run says of itself to its runner hosts. */
export interface RunState {
  /** Of the run's folder: two runs must not share a name. */
  runId: string;
  /** Launch number of the center, from 1. */
  term: number;
  /** `stopping`: attempts under way are to end. `over`: hosts are to leave. */
  phase: "running" | "stopping" | "over";
  /** Queues. */
  shards: number;
  /** How long an attempt may go without a renewal before it is taken for lost, in milliseconds. */
  lockMs: number;
}

/** The part of a runner's parameter that travels as it is. */
export type SharedSettings = Record<string, unknown> & { leaseS: number; waitForWorkersMs: number };

/** What runner hosts work with: definitions as the configuration has them, with references to the environment. */
export interface TravelingParam {
  settings: SharedSettings;
  agents: Record<string, ModuleDefinition>;
  tasks: Record<string, ModuleDefinition>;
}

/** A job's data: small, and all that a later launch of the center has to know of an attempt. */
export type AttemptJob = Omit<Grant, "attempt"> & { term: number };

/** What a host leaves behind of an attempt. */
export interface AttemptResult {
  job: AttemptJob;
  outcome: AttemptOutcome;
}

/** A runner host, as it registers itself. */
export interface HostEntry {
  /** For people: host name and process. */
  name: string;
  /** Attempts that it runs at once; what it still runs, once it drains. */
  slots: number;
  /** The queues that it serves. */
  shards: number[];
}

/** How long a host, and the center, count as living after their last sign of life; milliseconds. */
export const aliveMs = 10_000;

/** Between two signs of life; milliseconds. */
export const pulseMs = 1_000;

/** How long what a run holds in Redis outlives all of its processes, for a later launch; milliseconds. */
export const keepMs = 7 * 24 * 3_600_000;

/** Between two renewals of that by the center; milliseconds. */
export const keepEveryMs = 3_600_000;

/** The owner of a host's sessions: none of the center's, so that a center that starts anew does not take them over. */
export function ownerOfHost(runId: string, host: string): string {
  return `${runId}.${host}/${host}`;
}

export function parseRecord<Value>(text: string | null): Value | undefined {
  return text === null ? undefined : (JSON.parse(text) as Value);
}
