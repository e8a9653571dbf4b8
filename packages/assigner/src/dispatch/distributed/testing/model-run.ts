import { isCodedError } from "@eval/protocol";
import { silentLogger } from "@eval/protocol/logger";
import type { AttemptOutcome, Grant } from "../../../attempt/attempt.js";
import { AttemptTracker } from "../attempt-tracker.js";
import { termOf } from "../decide.js";
import { AnsweredClock } from "../redis/answered-clock.js";
import type { ModelHost } from "./model-host.js";
import type { ModelRedis } from "./model-redis.js";

/** The output folder: all launches of a run write to it. */
export class ModelFolder {
  readonly done = new Set<unknown>();
  readonly faults: string[] = [];

  constructor(readonly samples: number) {}

  get isComplete(): boolean {
    return this.done.size === this.samples;
  }

  record(index: unknown): void {
    if (this.done.has(index)) this.faults.push(`sample ${index} has two accepted outcomes`);
    this.done.add(index);
  }
}

/** One launch of a center: the real tracker, with a ledger that counts. */
export class ModelCenter {
  readonly tracker: AttemptTracker;
  readonly clock: AnsweredClock;
  isStalled = false;
  /** Another launch has taken the run over. */
  isOver = false;
  readonly #inFlight = new Map<string, Grant>();
  /** Ids in Redis of adopted attempts. */
  readonly #adopted = new Map<string, string>();
  #granted = 0;
  #isAdopting = false;
  #surveyedAt = 0;
  #underWay: Promise<void> | undefined;

  constructor(
    readonly term: number,
    private readonly redis: ModelRedis,
    private readonly folder: ModelFolder,
    private readonly hosts: ReadonlyMap<string, ModelHost>,
    private readonly lockMs: number,
    /** Resolves within this time. */
    private readonly sleep: (maxMs: number) => Promise<void>,
  ) {
    this.clock = new AnsweredClock(redis.now, 4_000);
    this.tracker = new AttemptTracker({
      queues: redis.queues((id) => this.#onRevoke(id)),
      store: redis.store(),
      registry: redis.registry(term),
      launch: `${term}-x`,
      lockMs,
      clock: this.clock,
      logger: silentLogger,
      finish: async (attempt, outcome) => this.#finish(attempt, outcome),
      onHostGone: (host) => this.#endSessions(host),
      onHostHere: () => {},
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  async adopt(): Promise<void> {
    this.#isAdopting = true;
    const taken = new Set<unknown>();
    for (const earlier of await this.tracker.earlierAttempts()) {
      const { index } = earlier.job;
      const isNeeded = !this.folder.done.has(index) && !taken.has(index);
      taken.add(index);
      const grant = isNeeded ? this.#grant(Number(index)) : undefined;
      if (grant) this.#adopted.set(grant.attempt, earlier.id);
      await this.tracker.adopt(earlier, grant);
    }
    this.#isAdopting = false;
  }

  /** One beat of its polls. A round that is not over when the next one is due goes on alone. */
  beat(): void {
    if (this.isOver || this.isStalled || !this.redis.isUp) return;
    this.clock.answered();
    this.redis.term ??= this.term;
    this.#underWay ??= this.#round()
      .catch((error) => {
        this.isOver = true;
        if (!isCodedError(error)) this.folder.faults.push(String(error));
      })
      .finally(() => {
        this.#underWay = undefined;
      });
  }

  async #round(): Promise<void> {
    const isDue = this.redis.now() - this.#surveyedAt >= this.lockMs / 4;
    if (isDue) this.#surveyedAt = this.redis.now();
    await Promise.all([this.tracker.collect(), isDue ? this.tracker.survey() : undefined, this.#release()]);
  }

  async #release(): Promise<void> {
    const busy = new Set([...this.#inFlight.values()].map(({ index }) => index));
    const grants: Grant[] = [];
    for (let index = 0; index < this.folder.samples; index++) {
      if (!busy.has(index) && !this.folder.done.has(index)) grants.push(this.#grant(index));
    }
    if (grants.length > 0) await this.tracker.release(grants);
  }

  #grant(index: number): Grant {
    const attempt = `${++this.#granted}`;
    const grant = { attempt, agent: "a", task: "t", index, epoch: 1, number: 1, losses: 0, repeats: 0 };
    this.#inFlight.set(attempt, grant);
    return grant;
  }

  #finish(attempt: string, outcome: AttemptOutcome): boolean {
    const grant = this.#inFlight.get(attempt);
    if (grant === undefined) this.folder.faults.push(`attempt ${attempt} of term ${this.term} has ended twice`);
    else if (outcome.kind === "ended") this.folder.record(grant.index);
    else if (outcome.kind === "lost") this.#checkLoss(outcome.info);
    this.#inFlight.delete(attempt);
    const result = this.redis.results.get(this.#adopted.get(attempt) ?? `${this.term}-x-${attempt}`);
    const isOther = result !== undefined && result.outcome !== outcome;
    if (isOther) this.folder.faults.push(`attempt ${attempt} ended as ${outcome.kind}, though its result had come`);
    return true;
  }

  #checkLoss(info: string): void {
    const host = /runner host (\S+) has not renewed/.exec(info)?.[1];
    const isUndisturbed = host !== undefined && this.hosts.get(host)?.wasDisturbed === false;
    if (isUndisturbed) this.folder.faults.push(`${host} has lost an attempt though it renewed all`);
    // The last actions of a center that is being replaced may remove jobs of the next one.
    const isExpected = this.redis.hasForgotten || this.redis.term !== 1;
    if (info === "Redis has forgotten it" && !isExpected) this.folder.faults.push("Redis forgot nothing");
  }

  async #endSessions(id: string): Promise<void> {
    const host = this.hosts.get(id);
    if (host?.wasAbsent === false) this.folder.faults.push(`${id} counts as gone, though it was never absent`);
    await this.sleep(8_000);
    host?.orphans.clear();
  }

  #onRevoke(id: string): void {
    if (this.#isAdopting || termOf(id) < this.term) return;
    this.folder.faults.push(`term ${this.term} has revoked ${id}`);
  }
}
