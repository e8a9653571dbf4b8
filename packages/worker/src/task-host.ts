import {
  type AgentOutput,
  CodedError,
  type Interact,
  messageOf,
  type ReportedSession,
  type SampleIndex,
  type SessionReply,
  type TaskOutput,
} from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { SampleResult, Task } from "@eval/protocol/task";
import { type FinishedSession, FinishedSessions } from "./finished-sessions.js";
import { HostedSession, type SessionOwner, type TurnOutcome } from "./session.js";

export interface TaskHostOptions {
  logger: Logger;
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number;
  /** How long a cancelled task may take to end by itself, in milliseconds. Default 30,000. */
  cancelDeadlineMs?: number;
  /** How long the caller of a cancel waits for that, in milliseconds. Default 5,000. */
  cancelReplyMs?: number;
}

export interface StartOptions extends SessionOwner {
  /** True: the same id again finds the session that is there (the id was derived from a request id). */
  replay: boolean;
}

/** Runs the sessions of one task within its capacity. The worker's memory: a controller can be told everything anew. */
export class TaskHost {
  /** All samples of the task, in order. */
  readonly indices: readonly SampleIndex[];
  readonly #known: Set<SampleIndex>;
  readonly #sessions = new Map<number, HostedSession>();
  readonly #finished = new FinishedSessions();
  readonly #now: () => number;
  #version = 0;
  #draining = false;

  private constructor(
    readonly task: Task,
    indices: readonly SampleIndex[],
    private readonly options: TaskHostOptions,
  ) {
    this.indices = indices;
    this.#known = new Set(indices);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Reads the task's indices once. Rejects with MODULE_INVALID when the task breaks its contract. */
  static async create(task: Task, options: TaskHostOptions): Promise<TaskHost> {
    if (!Number.isInteger(task.concurrency) || task.concurrency < 1) {
      const found = JSON.stringify(task.concurrency) ?? "nothing";
      throw new CodedError("MODULE_INVALID", `Task ${task.name}: concurrency must be a positive integer, not ${found}`);
    }
    const indices: unknown = await task.getIndices();
    const valid = (index: unknown) => typeof index === "string" || Number.isSafeInteger(index);
    if (!Array.isArray(indices) || !indices.every(valid) || new Set(indices).size !== indices.length) {
      throw new CodedError(
        "MODULE_INVALID",
        `Task ${task.name}: getIndices() must return a list of distinct strings or integers`,
      );
    }
    return new TaskHost(task, indices, options);
  }

  /** Sessions that hold capacity. */
  get current(): number {
    return this.#sessions.size;
  }

  /** Grows with every session that opens or closes. */
  get sessionsVersion(): number {
    return this.#version;
  }

  get draining(): boolean {
    return this.#draining;
  }

  session(id: number): HostedSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw noSuchSession();
    return session;
  }

  sessions(): IterableIterator<HostedSession> {
    return this.#sessions.values();
  }

  /** What a controller needs to adopt the sessions. */
  report(): Record<string, ReportedSession> {
    const entries = [...this.#sessions].map(([id, { index, ownership }]) => {
      const { openedBy, owner, leaseMs } = ownership;
      return [id, { index, opened_by: openedBy, owner, lease_s: leaseMs === undefined ? undefined : leaseMs / 1000 }];
    });
    return Object.fromEntries(entries);
  }

  /** Opens a session and resolves with what the task says first. */
  async start(id: number, index: SampleIndex, options: StartOptions): Promise<SessionReply> {
    const known = this.#sessions.get(id) ?? this.#finished.get(id, this.#now());
    if (known) {
      if (options.replay && known.turn === 0 && known.index === index) return this.#startAgain(id, known);
      throw new CodedError("SESSION_EXISTS", "Session ID already exists");
    }
    if (this.#draining) throw new CodedError("CONCURRENCY_LIMIT", "The worker is draining and takes no new sample");
    if (this.#sessions.size >= this.task.concurrency) {
      throw new CodedError("CONCURRENCY_LIMIT", `Sample concurrency limit reached: ${this.task.concurrency}`);
    }
    if (!this.#known.has(index)) {
      throw new CodedError("INDEX_OUT_OF_BOUNDS", "Error: Index out of bounds");
    }
    const session = new HostedSession(id, index, options);
    this.#sessions.set(id, session);
    this.#version += 1;
    void this.#run(session);
    return replyOf(id, await session.outcome());
  }

  /** One turn; see {@link Interact}. A caller that gives no turn means the next one. */
  async interact({ session_id: id, agent_response, turn, wait_ms }: Interact): Promise<SessionReply> {
    const answer: AgentOutput = agent_response;
    const request = JSON.stringify(answer);
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#replayFinished(id, request, turn);
    if (turn === undefined && session.phase === "waiting for task") {
      throw new CodedError("SESSION_BUSY", "Task Executing, please do not send new request.");
    }
    if (session.phase === "waiting for agent" && (turn ?? session.turn + 1) === session.turn + 1) {
      session.deliver(answer, request);
    } else if (turn !== session.turn || session.request !== request) {
      throw turnConflict(session.turn + (session.phase === "waiting for agent" ? 1 : 0), turn);
    }
    return this.#await(session, wait_ms);
  }

  /** Ends a session. Resolves when it has ended, or with `pending` when that takes longer than the caller waits. */
  async cancel(id: number): Promise<{ session_id: number; pending?: boolean }> {
    const session = this.session(id);
    const first = !session.cancelled;
    session.cancel();
    if (first) void this.#dropAfterDeadline(session);
    const ended = await endsWithin(session.ended, this.options.cancelReplyMs ?? 5_000);
    return ended ? { session_id: id } : { session_id: id, pending: true };
  }

  /** Ends all sessions; resolves when each has ended or its caller's wait is over. */
  async cancelAll(): Promise<void> {
    await Promise.allSettled([...this.#sessions.keys()].map((id) => this.cancel(id)));
  }

  /** Cancels the sessions that nobody can reach any more: leased, waiting for the agent, and out of contact too long. */
  expire(outOfContactMs: number, graceMs: number): void {
    for (const session of this.#sessions.values()) {
      const { leaseMs } = session.ownership;
      if (leaseMs === undefined || session.cancelled || session.phase !== "waiting for agent") continue;
      if (outOfContactMs <= leaseMs + graceMs) continue;
      this.options.logger.warn(`Sample ${session.index}: no contact for longer than its lease; cancelled`);
      void this.cancel(session.id);
    }
  }

  /** Takes no new session from now on. Resolves with whether all running ones ended before the deadline. */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#draining = true;
    const all = Promise.all([...this.#sessions.values()].map(({ ended }) => ended));
    return endsWithin(all, deadlineMs);
  }

  async #run(session: HostedSession): Promise<void> {
    try {
      const result = (await this.task.startSample(session.index, session.view)) as SampleResult | undefined;
      if (result?.status) this.#end(session, result, false);
      else this.#end(session, invalidResult(result), true);
    } catch (error) {
      if (!session.cancelled) {
        this.options.logger.warn(`Sample ${session.index} failed: ${messageOf(error)}`, { session: session.id });
      }
      this.#end(session, { status: "task error", result: messageOf(error) }, true);
    }
  }

  #end(session: HostedSession, result: SampleResult, failed: boolean): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#version += 1;
    const outcome = session.finish(result, failed);
    const { index, request } = session;
    this.#finished.add(session.id, { ...outcome, index, request }, this.#now());
  }

  async #startAgain(id: number, known: HostedSession | FinishedSession): Promise<SessionReply> {
    return replyOf(id, known instanceof HostedSession ? await known.outcome() : known);
  }

  #replayFinished(id: number, request: string, turn: number | undefined): SessionReply {
    const finished = this.#finished.get(id, this.#now());
    if (finished === undefined || turn === undefined) throw noSuchSession();
    if (turn !== finished.turn || request !== finished.request) throw turnConflict(undefined, turn);
    return replyOf(id, finished);
  }

  async #await(session: HostedSession, waitMs: number | undefined): Promise<SessionReply> {
    const outcome = session.outcome();
    if (waitMs === undefined || (await endsWithin(outcome, waitMs))) return replyOf(session.id, await outcome);
    const output: TaskOutput = { index: null, status: "running", result: null, history: null };
    return { session_id: session.id, output, turn: session.turn, pending: true };
  }

  async #dropAfterDeadline(session: HostedSession): Promise<void> {
    const deadline = this.options.cancelDeadlineMs ?? 30_000;
    if (await endsWithin(session.ended, deadline)) return;
    this.options.logger.warn(`Sample ${session.index} did not end within ${deadline} ms of its cancelling: dropped`);
    session.abort();
    this.#end(session, { status: "unknown", result: "cancelled, and the task did not end" }, false);
  }
}

/** Whether a promise settles within so many milliseconds. */
async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function replyOf(id: number, { turn, output, failed }: TurnOutcome): SessionReply {
  const reply = { session_id: id, output };
  if (failed && turn > 0) {
    throw new CodedError("TASK_ERROR", `The task raised: ${output.result}`, { detail: reply });
  }
  return { ...reply, turn };
}

function invalidResult(result: unknown): SampleResult {
  return {
    status: "task error",
    result: `startSample() returned no status but ${JSON.stringify(result) ?? "nothing"}`,
  };
}

function noSuchSession(): CodedError {
  return new CodedError("SESSION_NOT_FOUND", "No such session");
}

function turnConflict(expected: number | undefined, got: number | undefined): CodedError {
  const what = expected === undefined ? "The session is finished" : `Turn ${expected} is expected`;
  return new CodedError("TURN_CONFLICT", `${what}, not ${got === undefined ? "another one" : `turn ${got}`}`);
}
