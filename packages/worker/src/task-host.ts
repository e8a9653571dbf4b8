import {
  type AgentOutput,
  CodedError,
  type Interact,
  messageOf,
  type ReportedSession,
  type SampleIndex,
  type SessionReply,
} from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { Task } from "@eval/protocol/task";
import { endsWithin } from "./ends-within.js";
import { FinishedSessions } from "./finished-sessions.js";
import { IdleSessions } from "./idle-sessions.js";
import { type CheckedResult, checkResult } from "./sample-result.js";
import { HostedSession, type SessionOwner } from "./session.js";
import { noSuchSession, pendingReply, replyOf, turnConflict } from "./session-reply.js";
import { readIndices } from "./task-contract.js";

export interface TaskHostOptions {
  logger: Logger;
  /** Monotonic milliseconds in which this process lived. Default performance.now. */
  now?: () => number;
  /** How long a canceled task may take to end by itself, in milliseconds. Default 30,000. */
  cancelDeadlineMs?: number;
  /** How long the caller of a cancel waits for that, in milliseconds. Default 4,500: v0.2's controller hangs up after 5 s. */
  cancelReplyMs?: number;
  /**
   * How long a session of a v0.2 controller may wait for its agent's turn, in milliseconds: such a controller forgets
   * sessions without telling. Default 30 minutes.
   */
  sessionExpireMs?: number;
}

/** Runs the sessions of one task within its capacity. It holds the state of all sessions, so a restarted controller can get it from here. */
export class TaskHost {
  /** All samples of the task, in order. */
  readonly indices: readonly SampleIndex[];
  readonly #known: Set<SampleIndex>;
  readonly #sessions = new Map<number, HostedSession>();
  readonly #finished = new FinishedSessions();
  readonly #idle: IdleSessions;
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
    this.#idle = new IdleSessions(options.sessionExpireMs);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Reads the task's indices once. Rejects with MODULE_INVALID when the task breaks its contract. */
  static async create(task: Task, options: TaskHostOptions): Promise<TaskHost> {
    return new TaskHost(task, await readIndices(task), options);
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
  async start(id: number, index: SampleIndex, ownership: SessionOwner): Promise<SessionReply> {
    const running = this.#sessions.get(id);
    const finished = ownership.replay ? this.#finished.get(id, this.#now()) : undefined;
    const known = running ?? finished;
    if (known) {
      const isSameStart = ownership.replay && known.turn === 0 && known.index === index;
      if (!isSameStart) throw new CodedError("SESSION_EXISTS", "Session ID already exists");
      return replyOf(id, finished ?? (await (running as HostedSession).outcome()));
    }
    this.#assertRoom();
    if (!this.#known.has(index)) throw new CodedError("INDEX_OUT_OF_BOUNDS", "Error: Index out of bounds");
    const session = new HostedSession(id, index, ownership);
    this.#sessions.set(id, session);
    this.#version += 1;
    void this.#run(session);
    return replyOf(id, await session.outcome());
  }

  /** One turn; see {@link Interact}. A caller that gives no turn means the next one. */
  async interact({ session_id: id, agent_response, turn, wait_ms }: Interact): Promise<SessionReply> {
    const request = JSON.stringify(agent_response);
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#finished.replay(id, request, turn, this.#now());
    // Whichever turn is asked for of a session that is being canceled, the end of that is the answer.
    if (!session.cancelled) this.#take(session, agent_response, request, turn);
    const outcome = session.outcome();
    const isThere = wait_ms === undefined || (await endsWithin(outcome, wait_ms));
    return isThere ? replyOf(id, await outcome) : pendingReply(id, turn ?? session.turn);
  }

  /** Ends a session. Resolves when it has ended, or with `pending` when that takes longer than the caller waits. */
  async cancel(id: number): Promise<{ session_id: number; pending?: boolean }> {
    const session = this.session(id);
    const first = !session.cancelled;
    session.cancel();
    if (first) void this.#dropAfterDeadline(session);
    const ended = await endsWithin(session.ended, this.options.cancelReplyMs ?? 4_500);
    return ended ? { session_id: id } : { session_id: id, pending: true };
  }

  /** Ends all sessions; resolves when each has ended or its caller's wait is over. */
  async cancelAll(): Promise<void> {
    await Promise.allSettled([...this.#sessions.keys()].map((id) => this.cancel(id)));
  }

  /**
   * Cancels sessions whose client will not return: waiting for the agent, and either leased and out of contact too
   * long, or of a v0.2 controller and silent too long. To be called every second or so.
   */
  expire(outOfContactMs: number, graceMs: number): void {
    const now = this.#now();
    for (const session of this.#sessions.values()) {
      const why = this.#idle.abandoned(session, now, outOfContactMs - graceMs);
      if (why === undefined) continue;
      this.options.logger.warn(`Sample ${session.index}: ${why}; cancelled`);
      void this.cancel(session.id);
    }
  }

  /** Takes no new session from now on. Resolves with whether all running ones ended before the deadline. */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#draining = true;
    return endsWithin(this.ended(), deadlineMs);
  }

  /** Resolves when every session that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ ended }) => ended));
  }

  #assertRoom(): void {
    if (this.#draining) throw new CodedError("CONCURRENCY_LIMIT", "The worker is draining and accepts no new samples");
    if (this.#sessions.size < this.task.concurrency) return;
    throw new CodedError("CONCURRENCY_LIMIT", `Sample concurrency limit reached: ${this.task.concurrency}`);
  }

  /** Passes the next turn to the task. A turn that is already running is ignored, any other turn is rejected. */
  #take(session: HostedSession, answer: AgentOutput, request: string, turn: number | undefined): void {
    const waitsForAgent = session.phase === "waiting for agent";
    if (turn === undefined && !waitsForAgent) {
      throw new CodedError("SESSION_BUSY", "Task Executing, please do not send new request.");
    }
    const next = session.turn + 1;
    if (waitsForAgent && (turn ?? next) === next) session.deliver(answer, request);
    else if (turn !== session.turn || session.request !== request) {
      throw turnConflict(waitsForAgent ? next : session.turn, turn);
    }
  }

  async #run(session: HostedSession): Promise<void> {
    let result: CheckedResult;
    let failed = false;
    try {
      result = checkResult(await this.task.startSample(session.index, session.view));
    } catch (error) {
      failed = true;
      result = { status: "task error", result: messageOf(error) };
      const about = { session: session.id };
      if (!session.cancelled) this.options.logger.warn(`Sample ${session.index} failed: ${result.result}`, about);
    }
    this.#end(session, result, failed);
  }

  #end(session: HostedSession, result: CheckedResult, failed: boolean): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#version += 1;
    const outcome = session.finish(result, failed);
    const { index, request, ownership } = session;
    // A client that cannot ask again needs no memory; a v0.2 controller even gives its ids out a second time.
    if (ownership.replay) this.#finished.add(session.id, { ...outcome, index, request }, this.#now());
  }

  async #dropAfterDeadline(session: HostedSession): Promise<void> {
    const deadline = this.options.cancelDeadlineMs ?? 30_000;
    if (await endsWithin(session.ended, deadline)) return;
    this.options.logger.warn(
      `Sample ${session.index} did not end within ${deadline} ms after it was canceled: dropped`,
    );
    session.abort();
    this.#end(session, { status: "unknown", result: "cancelled, and the task did not end" }, false);
  }
}
