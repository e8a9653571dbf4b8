import type { AgentOutput, Message, SampleIndex, TaskOutput } from "@eval/protocol";
import type { Session } from "@eval/protocol/task";
import { windowOf } from "./history-window.js";
import type { CheckedResult } from "./sample-result.js";

/** Who waits for whom. `finished` is the end. */
export type SessionPhase = "waiting for task" | "waiting for agent" | "finished";

/** What came of a turn: the session's output after it, and whether the task raised. */
export interface TurnOutcome {
  turn: number;
  /** Undefined: the session was canceled before the turn was over. The task's result is then ignored. */
  output: TaskOutput | undefined;
  failed: boolean;
}

export interface SessionOwner {
  /** Random id of the controller that opened the session. */
  openedBy: string | undefined;
  owner: string | undefined;
  /** Milliseconds; undefined for a v0.2 client. */
  leaseMs: number | undefined;
  /** True: its id was derived from a request id; a repeated start or turn finds it, also when it has ended. */
  replay: boolean;
}

/**
 * One session: a hand-over of turns between a task, which waits in {@link Session.action}, and the agent's side,
 * which waits for the outcome of its turn. Two phases alternate until the task returns; no locks are needed since
 * every change is synchronous.
 */
export class HostedSession {
  readonly #history: Message[] = [];
  readonly #abort = new AbortController();
  #phase: SessionPhase = "waiting for task";
  /** The turn that runs, or that ran last. Turn 0 is the start, before the agent said anything. */
  #turn = 0;
  #request: string | undefined;
  #outcome: TurnOutcome | undefined;
  #waiters: ((outcome: TurnOutcome) => void)[] = [];
  #resumeTask: ((answer: AgentOutput) => void) | undefined;
  #cancelled = false;
  #markEnded: () => void = () => {};
  /** Resolves when the session has ended, in whichever way. */
  readonly ended = new Promise<void>((resolve) => {
    this.#markEnded = resolve;
  });

  constructor(
    readonly id: number,
    readonly index: SampleIndex,
    readonly ownership: SessionOwner,
  ) {}

  get phase(): SessionPhase {
    return this.#phase;
  }

  get turn(): number {
    return this.#turn;
  }

  /** The agent's last answer, as text to compare a repeated turn with. */
  get request(): string | undefined {
    return this.#request;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get history(): readonly Message[] {
    return this.#history;
  }

  /** The session as the task sees it. Its history is a frozen copy, renewed after each message. */
  get view(): Session {
    const session = this;
    let seen: readonly Message[] = [];
    return {
      id: this.id,
      get history() {
        if (seen.length !== session.#history.length) seen = Object.freeze([...session.#history]);
        return seen;
      },
      signal: this.#abort.signal,
      inject: (...items) => this.#inject(items),
      action: (...items) => this.#action(items),
    };
  }

  /** The outcome of the current turn: at once if it is there, else when the task has come to it. */
  outcome(): Promise<TurnOutcome> {
    if (this.#outcome) return Promise.resolve(this.#outcome);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Hands the agent's answer to the task, as the next turn. Only in the phase `waiting for agent`. */
  deliver(answer: AgentOutput, request: string): void {
    const resume = this.#resumeTask;
    if (resume === undefined) throw new Error("deliver: the task is not waiting for the agent");
    this.#turn += 1;
    this.#request = request;
    this.#outcome = undefined;
    this.#phase = "waiting for task";
    this.#resumeTask = undefined;
    this.#history.push({ role: "agent", content: answer.content || answer.status });
    resume(answer);
  }

  /** The task gets `cancelled` for this and every later action. */
  cancel(): void {
    this.#cancelled = true;
    const resume = this.#resumeTask;
    if (resume === undefined) return;
    this.#resumeTask = undefined;
    this.#phase = "waiting for task";
    this.#outcome = undefined;
    resume({ status: "cancelled", content: null });
  }

  /** Aborts a task that does not end by itself after its session was canceled. */
  abort(): void {
    this.#abort.abort(new Error("the session was canceled"));
  }

  /** The end: answers the turn that waits, if any, and returns the last outcome. A canceled session has no result. */
  finish({ status, result }: CheckedResult, failed: boolean): TurnOutcome {
    this.#phase = "finished";
    this.#resumeTask?.({ status: "cancelled", content: null });
    this.#resumeTask = undefined;
    const output: TaskOutput = { index: this.index, status, result, history: [...this.#history] };
    const cancelled = { turn: this.#turn, output: undefined, failed: false };
    const outcome = this.#cancelled ? cancelled : { turn: this.#turn, output, failed };
    this.#settle(outcome);
    this.#markEnded();
    return outcome;
  }

  #inject(items: (Message | string)[]): void {
    if (this.#phase === "finished") return;
    for (const item of items) this.#history.push(messageOf(item));
  }

  #action(items: (Message | string)[]): Promise<AgentOutput> {
    this.#inject(items);
    if (this.#cancelled || this.#phase === "finished") return Promise.resolve({ status: "cancelled", content: null });
    if (this.#phase === "waiting for agent") {
      return Promise.reject(new Error("session.action() was called before the previous call had finished"));
    }
    return new Promise((resolve) => {
      this.#resumeTask = resolve;
      this.#phase = "waiting for agent";
      const output: TaskOutput = { index: null, status: "running", result: null, history: windowOf(this.#history) };
      this.#settle({ turn: this.#turn, output, failed: false });
    });
  }

  #settle(outcome: TurnOutcome): void {
    this.#outcome = outcome;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve(outcome);
  }
}

/** A task's own object is copied: what was said stays as it was said. */
function messageOf(item: Message | string): Message {
  const { role, content } = typeof item === "string" ? { role: "user" as const, content: item } : item;
  if ((role !== "user" && role !== "agent") || typeof content !== "string") {
    throw new TypeError('a message must be a string, or {role: "user" or "agent", content: a string}');
  }
  return Object.freeze({ role, content });
}
