/** Why an attempt was ended by its own host. */
export class Fenced extends Error {
  /** `isOutage`: it was nobody's fault but the Redis's. */
  constructor(
    message: string,
    readonly isOutage = false,
  ) {
    super(message);
  }
}

export interface LockKeeperOptions {
  /** How long a lock lasts without a renewal, in milliseconds. */
  lockMs: number;
  /** Renews locks, by attempt; resolves with those that are lost. Rejects where nobody could be asked. */
  renew: (attempts: readonly string[]) => Promise<string[]>;
  /** Whether the Redis is away. Default: never. */
  isOutage?: () => boolean;
  /**
   * Told again and again in how many milliseconds attempts must have ended that could not be ended here till then;
   * undefined: there are none.
   */
  onDeadline?: (inMs: number | undefined) => void;
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number;
}

interface Held {
  abort: AbortController;
  /** When the latest renewal that was confirmed had been asked for: the lock lasts at least from then on. */
  heldFrom: number;
}

/** Of a lock, while it lasts. */
const renewals = 6;

/**
 * Keeps the locks of attempts, and fences this host: an attempt whose renewal is not confirmed some seconds before its
 * lock ends is aborted, because at that end another host may be given its sample.
 */
export class LockKeeper {
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;
  #timers: NodeJS.Timeout[] = [];
  #isRenewing = false;
  #isWanted = false;

  constructor(private readonly options: LockKeeperOptions) {
    this.#now = options.now ?? (() => performance.now());
  }

  /** Five seconds; less where locks are short. */
  get marginMs(): number {
    return Math.min(5_000, this.options.lockMs / 3);
  }

  start(): void {
    const { lockMs } = this.options;
    const renewal = setInterval(() => void this.renew(), lockMs / renewals);
    this.#timers = [renewal, setInterval(() => this.fence(), Math.min(250, this.marginMs / 4))];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Aborts when the attempt has to end. `heldFrom`: when its lock was asked for, or before. */
  hold(attempt: string, heldFrom: number): AbortSignal {
    const abort = new AbortController();
    this.#held.set(attempt, { abort, heldFrom });
    this.#tellDeadline();
    return abort.signal;
  }

  /** A lock that was asked for so long ago may be renewed before anything is done under it. */
  isOld(heldFrom: number): boolean {
    return this.#now() - heldFrom > this.options.lockMs / renewals;
  }

  release(attempt: string): void {
    this.#held.delete(attempt);
  }

  /** Why an attempt was aborted; undefined where it was not. */
  reasonOf(attempt: string): unknown {
    const signal = this.#held.get(attempt)?.abort.signal;
    return signal?.aborted ? signal.reason : undefined;
  }

  abort(attempt: string, reason: unknown): void {
    this.#held.get(attempt)?.abort.abort(reason);
  }

  /** One renewal of all locks; never two at once. Never rejects. */
  async renew(): Promise<void> {
    if (this.#isRenewing || this.#held.size === 0) return;
    this.#isRenewing = true;
    do {
      this.#isWanted = false;
      const askedAt = this.#now();
      const isConfirmed = await this.#renewAll(askedAt);
      // An answer that came late confirms little: the Redis was away meanwhile.
      if (isConfirmed && this.isOld(askedAt)) this.#isWanted = true;
    } while (this.#isWanted && this.#held.size > 0);
    this.#isRenewing = false;
  }

  /** A renewal that begins from now on: one that is under way may have failed already. */
  renewAfresh(): void {
    this.#isWanted = true;
    void this.renew();
  }

  async #renewAll(askedAt: number): Promise<boolean> {
    const attempts = [...this.#held.keys()];
    try {
      const lost = new Set(await this.options.renew(attempts));
      for (const attempt of attempts) this.#confirm(attempt, lost.has(attempt), askedAt);
      return true;
    } catch {
      // Not confirmed: the fence will see.
      return false;
    }
  }

  fence(): void {
    const latest = this.#now() - (this.options.lockMs - this.marginMs);
    for (const { abort, heldFrom } of this.#held.values()) {
      if (heldFrom >= latest || abort.signal.aborted) continue;
      abort.abort(new Fenced("its lock could not be renewed in time", this.options.isOutage?.()));
    }
    this.#tellDeadline();
  }

  /** Half the margin is for the fence. */
  #tellDeadline(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { abort, heldFrom } of this.#held.values()) {
      if (!abort.signal.aborted) earliest = Math.min(earliest, heldFrom);
    }
    const inMs = earliest + this.options.lockMs - this.marginMs / 2 - this.#now();
    this.options.onDeadline?.(earliest === Number.POSITIVE_INFINITY ? undefined : inMs);
  }

  #confirm(attempt: string, isLost: boolean, askedAt: number): void {
    const held = this.#held.get(attempt);
    if (held === undefined || held.abort.signal.aborted) return;
    if (isLost) held.abort.abort(new Fenced("its lock was gone"));
    else held.heldFrom = askedAt;
  }
}
