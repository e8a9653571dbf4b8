import type { HostedSession } from "./session.js";

/** Tracks how long sessions have waited for the same turn of their agents. */
export class IdleSessions {
  readonly #seen = new WeakMap<HostedSession, { turn: number; since: number }>();

  /** @param expireMs how long a session of a v0.2 controller may wait for a turn, in milliseconds */
  constructor(private readonly expireMs = 1_800_000) {}

  /**
   * Why the client of a session will not return; undefined if it may. Call this about every second.
   * @param now monotonic milliseconds
   * @param outOfContactMs for how long the controller has been unreachable, minus the grace time
   */
  abandoned(session: HostedSession, now: number, outOfContactMs: number): string | undefined {
    const idleMs = this.#look(session, now);
    if (session.cancelled || session.phase !== "waiting for agent") return undefined;
    const { leaseMs, openedBy } = session.ownership;
    if (leaseMs !== undefined)
      return outOfContactMs > leaseMs
        ? "no contact with the controller for longer than the session's lease"
        : undefined;
    // Our controller checks the time of its v0.2 clients itself.
    if (openedBy !== undefined) return undefined;
    return idleMs > this.expireMs ? "no further turn arrived" : undefined;
  }

  /** Milliseconds since a check first found the session waiting for this turn; 0 if it does not wait. */
  #look(session: HostedSession, now: number): number {
    const { turn } = session;
    if (session.phase !== "waiting for agent") return 0;
    const seen = this.#seen.get(session);
    if (seen?.turn === turn) return now - seen.since;
    this.#seen.set(session, { turn, since: now });
    return 0;
  }
}
