/** An attempt that this launch has released and that has not ended. */
export interface TrackedAttempt {
  /** The ledger's name of it. */
  attempt: string;
  shard: number;
  /**
   * `adding`: its job may not be in Redis yet. `queued`: Redis has its job or its result. `dying`: its job was taken
   * back, and it ends when its host's sessions have ended.
   */
  phase: "adding" | "queued" | "dying";
}

/** What decisions may read of the table. */
export type AttemptView = Pick<AttemptTable, "entries" | "has" | "isAdding" | "isRecording">;

/**
 * The attempts in flight and the results on their way to the disk. All changes are synchronous, so that every caller
 * sees a consistent table after each `await`. Imports no I/O.
 */
export class AttemptTable {
  readonly #attempts = new Map<string, TrackedAttempt>();
  readonly #inFlight: number[];
  readonly #recording = new Set<string>();
  /** Results that could not be written. They stay in Redis for the next launch. */
  readonly #unwritten = new Set<string>();

  constructor(shards: number) {
    this.#inFlight = new Array<number>(shards).fill(0);
  }

  get size(): number {
    return this.#attempts.size;
  }

  /** Attempts in flight of each queue. */
  get inFlight(): readonly number[] {
    return this.#inFlight;
  }

  entries(): Iterable<[string, Readonly<TrackedAttempt>]> {
    return this.#attempts.entries();
  }

  has(id: string): boolean {
    return this.#attempts.has(id);
  }

  /** Whether its job is being added. Until then the job must not be removed: a repeated request would add it again. */
  isAdding(id: string): boolean {
    return this.#attempts.get(id)?.phase === "adding";
  }

  /** An id that is in the table already keeps its entry. */
  add(id: string, tracked: TrackedAttempt): void {
    if (this.#attempts.has(id)) return;
    this.#attempts.set(id, { ...tracked });
    this.#inFlight[tracked.shard] = (this.#inFlight[tracked.shard] ?? 0) + 1;
  }

  /** Redis has the job. An attempt that has ended meanwhile is skipped. */
  markQueued(id: string): void {
    const tracked = this.#attempts.get(id);
    if (tracked?.phase === "adding") tracked.phase = "queued";
  }

  /** The job was taken back. An attempt that has ended meanwhile is skipped. */
  markDying(id: string): void {
    const tracked = this.#attempts.get(id);
    if (tracked !== undefined) tracked.phase = "dying";
  }

  /** Returns the ledger's name the first time, and undefined from then on: an attempt ends once. */
  end(id: string): string | undefined {
    const tracked = this.#attempts.get(id);
    if (tracked === undefined) return undefined;
    this.#attempts.delete(id);
    this.#inFlight[tracked.shard] = (this.#inFlight[tracked.shard] ?? 1) - 1;
    return tracked.attempt;
  }

  /** Marks results as being recorded. Returns those that were neither marked before nor failed to be written. */
  claimResults(ids: readonly string[]): string[] {
    const claimed = ids.filter((id) => !this.#recording.has(id) && !this.#unwritten.has(id));
    for (const id of claimed) this.#recording.add(id);
    return claimed;
  }

  isRecording(id: string): boolean {
    return this.#recording.has(id);
  }

  keepUnwritten(id: string): void {
    this.#unwritten.add(id);
  }

  releaseResults(ids: readonly string[]): void {
    for (const id of ids) this.#recording.delete(id);
  }
}
