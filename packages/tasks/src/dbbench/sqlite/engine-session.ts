import { StatementError } from "../database.js";
import type { SqlValue } from "../python/python-text.js";
import type { EngineLink } from "./engine-link.js";
import type { EngineLimits, EngineOrigin, EngineReply, EngineRequest } from "./engine-messages.js";
import type { EngineThreads } from "./engine-threads.js";

/** Milliseconds that the engine has to end a statement by itself; after that its thread is terminated. */
const graceMs = 1_000;

/** Milliseconds within which an engine has to open or close its database. */
const openMs = 30_000;

type Query = Extract<EngineRequest, { sql: string }>;

/**
 * One database in its own engine. A thread that had to be terminated, or that failed, is replaced at the next
 * statement; the data is then as the last completed statement left it.
 */
export class EngineSession {
  #link: EngineLink | undefined;

  constructor(
    private readonly threads: EngineThreads,
    private readonly limits: EngineLimits,
    private origin: EngineOrigin,
  ) {}

  /** Opens the engine where it is not open. */
  async open(signal: AbortSignal): Promise<EngineLink> {
    if (this.#link && !this.#link.lost) return this.#link;
    const link = this.threads.take();
    this.#link = link;
    const request: EngineRequest = { kind: "open", origin: this.origin, limits: this.limits };
    const late = new Error(`The embedded database did not open within ${openMs / 1000} s`);
    const reply = await this.#within(link, request, { signal, deadlineMs: openMs, late });
    if (reply.kind === "opened") return link;
    await this.threads.end(link);
    throw new Error(
      `The embedded database could not be created: ${reply.kind === "failed" ? reply.message : reply.kind}`,
    );
  }

  /** The rows of a query. Rejects with a {@link StatementError} where the statement is at fault. */
  async query(query: Query, signal: AbortSignal): Promise<SqlValue[][]> {
    const link = await this.open(signal);
    const stopped = new StatementError(
      `The statement was stopped because it ran for more than ${query.timeoutMs / 1000} s`,
    );
    const deadlineMs = query.timeoutMs + graceMs;
    const reply = await this.#within(link, query, { signal, deadlineMs, late: stopped });
    if (reply.kind === "stopped") throw stopped;
    if (reply.kind !== "rows" && reply.kind !== "failed")
      throw new Error(`The engine replied ${reply.kind} to a query`);
    if (reply.image) this.origin = { kind: "image", bytes: reply.image };
    if (reply.kind === "failed") throw new StatementError(reply.message);
    return reply.rows;
  }

  /** Gives the thread back, or ends it where its engine does not close. Never rejects. */
  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    if (!link || link.lost) return;
    const never = new AbortController().signal;
    const late = new Error("The engine was not closed in time");
    const reply = await this.#within(link, { kind: "close" }, { signal: never, deadlineMs: openMs, late }).catch(
      () => undefined,
    );
    this.threads.giveBack(link, reply?.kind === "closed" && reply.clean);
  }

  /** The reply to a request. At the deadline, or when the signal aborts, the thread is ended and the reason thrown. */
  async #within(
    link: EngineLink,
    request: EngineRequest,
    { signal, deadlineMs, late }: { signal: AbortSignal; deadlineMs: number; late: Error },
  ): Promise<EngineReply> {
    signal.throwIfAborted();
    let reason: unknown;
    const stop = (why: unknown): void => {
      reason ??= why;
      void this.threads.end(link);
    };
    const timer = setTimeout(() => stop(late), deadlineMs);
    const onAbort = (): void => stop(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await link.ask(request);
    } catch (error) {
      void this.threads.end(link);
      throw reason ?? new StatementError(`The statement was stopped because the engine failed: ${messageOf(error)}`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
