import type { HostedSession } from "./session.js";

/** For how long sessions have waited for the same turn of their agents, as far as was looked. */
export class IdleSessions {
  readonly #seen = new WeakMap<HostedSession, { turn: number; since: number }>();

  /** Milliseconds since a look first found the session waiting for this turn; 0 where it does not wait. */
  look(session: HostedSession, now: number): number {
    const { turn } = session;
    if (session.phase !== "waiting for agent") return 0;
    const seen = this.#seen.get(session);
    if (seen?.turn === turn) return now - seen.since;
    this.#seen.set(session, { turn, since: now });
    return 0;
  }
}
