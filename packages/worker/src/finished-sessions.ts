import type { SampleIndex, SessionReply } from "@eval/protocol";
import type { TurnOutcome } from "./session.js";
import { noSuchSession, replyOf, turnConflict } from "./session-reply.js";

/** The data needed to answer the last turn of an ended session again. For a canceled session, only the fact that it was canceled. */
export interface FinishedSession extends TurnOutcome {
  index: SampleIndex;
  /** The agent's answer in that turn, as text; undefined when the session ended in its first turn. */
  request: string | undefined;
}

/**
 * Keeps final replies for some time: a lost reply is fetched again instead of computed again.
 * Bounded in time (ten minutes) and in bytes (64 MiB); the oldest is removed first.
 */
export class FinishedSessions {
  readonly #entries = new Map<number, { session: FinishedSession; expires: number; bytes: number }>();
  #bytes = 0;

  constructor(
    private readonly ttlMs = 600_000,
    private readonly maxBytes = 64 * 1024 * 1024,
  ) {}

  add(id: number, session: FinishedSession, now: number): void {
    this.#remove(id);
    const bytes = sizeOf(session);
    this.#entries.set(id, { session, expires: now + this.ttlMs, bytes });
    this.#bytes += bytes;
    this.#evict(now);
  }

  get(id: number, now: number): FinishedSession | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.expires > now ? entry.session : undefined;
  }

  /** Returns the last reply again for a repeated turn. Throws SESSION_NOT_FOUND, TURN_CONFLICT or SESSION_CANCELLED. */
  replay(id: number, request: string, turn: number | undefined, now: number): SessionReply {
    const finished = this.get(id, now);
    if (finished === undefined || turn === undefined) throw noSuchSession();
    const isSameTurn = turn === finished.turn && request === finished.request;
    const wasCancelled = finished.output === undefined;
    if (!isSameTurn && !wasCancelled) throw turnConflict(undefined, turn);
    return replyOf(id, finished);
  }

  #evict(now: number): void {
    for (const [id, entry] of this.#entries) {
      if (entry.expires > now && this.#bytes <= this.maxBytes) return;
      this.#remove(id);
    }
  }

  #remove(id: number): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    this.#entries.delete(id);
  }
}

/** An estimate: two bytes a character of the texts, and a constant for the rest. */
function sizeOf({ output }: FinishedSession): number {
  if (output === undefined) return 200;
  const history = (output.history ?? []).reduce((sum, { content }) => sum + 2 * content.length, 0);
  const result = typeof output.result === "string" ? output.result.length : JSON.stringify(output.result).length;
  return 200 + history + 2 * result;
}
