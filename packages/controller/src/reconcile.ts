import type { SampleIndex, SessionId } from "@eval/protocol";
import type { SessionState } from "./session-table.js";

/** The controller's record of one session of a worker. */
export interface Belief {
  id: SessionId;
  state: SessionState;
  /** Version of the worker's set of sessions when this one was last known to be in it. */
  seenAt: number;
  /** Something touched it since the previous observation, or a turn is under way. */
  busy: boolean;
}

/** The sessions that a worker reports. */
export interface Observation {
  /** Version of its set of sessions; undefined for a v0.2 worker. */
  version: number | undefined;
  /** The number of sessions that it counts; undefined for v0.2. */
  running: number | undefined;
  sessions: ReadonlyMap<SessionId, ReportedState>;
}

export interface ReportedState {
  index: SampleIndex;
  /** Instance of the controller that opened it; undefined for v0.2. */
  openedBy: string | undefined;
  owner: string | undefined;
  leaseMs: number | undefined;
}

export interface Circumstances {
  /** Random id of this controller's process. */
  instance: string;
  /** The newest version known of the worker's set of sessions. */
  knownVersion: number;
  /** Whether a session is known to run on another worker. */
  isElsewhere: (id: SessionId) => boolean;
  /** Whether this controller has closed a session of this id. */
  wasClosed: (id: SessionId) => boolean;
  /** Sessions of a v0.2 worker that looked out of place in the previous observation. */
  suspects: ReadonlySet<SessionId>;
}

export type Action =
  | ({ kind: "adopt"; id: SessionId } & ReportedState)
  | { kind: "drop"; id: SessionId }
  | { kind: "cancel"; id: SessionId };

export interface Verdict {
  actions: Action[];
  /** To be checked again, at least one second later. Only for v0.2 workers. */
  suspects: Set<SessionId>;
}

/**
 * Compares the controller's table with the worker's report. Our workers number the versions of their set of sessions, so
 * one observation decides. v0.2 workers do not: a session is adopted immediately, but dropped or canceled only after two
 * observations in a row without activity in between, because the first one may be older than the table.
 */
export function reconcile(beliefs: readonly Belief[], seen: Observation, circumstances: Circumstances): Verdict {
  const { version } = seen;
  if (version !== undefined && version < circumstances.knownVersion) return { actions: [], suspects: new Set() };
  const wanted = [...missing(beliefs, seen), ...unexpected(beliefs, seen, circumstances)];
  if (version !== undefined) return { actions: wanted, suspects: new Set() };
  const sure = wanted.filter(({ kind, id }) => kind === "adopt" || circumstances.suspects.has(id));
  const suspects = wanted.filter((action) => !sure.includes(action)).map(({ id }) => id);
  return { actions: sure, suspects: new Set(suspects) };
}

/** In the table, but not on the worker: the session ended without a message to the controller. */
function missing(beliefs: readonly Belief[], { version, sessions }: Observation): Action[] {
  const isGone = ({ id, state, seenAt, busy }: Belief) =>
    !sessions.has(id) && state !== "starting" && (version === undefined ? !busy : version >= seenAt);
  return beliefs.filter(isGone).map(({ id }) => ({ kind: "drop", id }));
}

/** On the worker, but not in the table: opened by another controller, or left over from this one. */
function unexpected(beliefs: readonly Belief[], { sessions }: Observation, circumstances: Circumstances): Action[] {
  const believed = new Set(beliefs.map(({ id }) => id));
  return [...sessions]
    .filter(([id]) => !believed.has(id))
    .map(([id, reported]): Action => {
      const isOurs = reported.openedBy === circumstances.instance || circumstances.wasClosed(id);
      return isOurs || circumstances.isElsewhere(id) ? { kind: "cancel", id } : { kind: "adopt", id, ...reported };
    });
}
