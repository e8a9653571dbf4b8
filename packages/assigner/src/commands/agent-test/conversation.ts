import { CodedError, type Message } from "@eval/protocol";
import { type Agent, AgentError } from "@eval/protocol/agent";
import { DeadlineError, withDeadline } from "../../agents/deadline.js";
import { exchangeOf } from "../../agents/http-exchange.js";

/** How long an aborted agent may take to report what it was doing, in milliseconds. */
const graceMs = 1_000;

/** The longest delay that a timer supports. */
const maxMs = 2_147_483_647 - graceMs;

/** A conversation with an agent. Messages without an answer are not part of the history. */
export class Conversation {
  #history: Message[] = [];
  readonly #limitMs: number;

  /** `timeoutMs` limits one answer, in milliseconds; without it, only the agent's own limit applies. */
  constructor(
    private readonly agent: Agent,
    timeoutMs: number = maxMs,
  ) {
    this.#limitMs = Math.min(timeoutMs, maxMs);
  }

  get history(): readonly Message[] {
    return this.#history;
  }

  /** The agent's answer: one request, never repeated. Rejects with the agent's error, an abort, or a failure at the limit. */
  async say(content: string, signal: AbortSignal): Promise<string> {
    const history: Message[] = [...this.#history, { role: "user", content }];
    // Do not wait for an agent that ignores its signal.
    const answer = await withDeadline(signal, this.#limitMs + graceMs, (outer) => this.#infer(history, outer)).catch(
      (error: unknown) => {
        throw error instanceof DeadlineError ? this.#late() : error;
      },
    );
    if (typeof answer !== "string") {
      throw new CodedError("MODULE_INVALID", `inference() must resolve with a string, not ${typeof answer}`);
    }
    this.#history = [...history, { role: "agent", content: answer }];
    return answer;
  }

  reset(): void {
    this.#history = [];
  }

  async #infer(history: readonly Message[], outer: AbortSignal): Promise<unknown> {
    const limit = new AbortController();
    const late = new DeadlineError(this.#late().message);
    const timer = setTimeout(() => limit.abort(late), this.#limitMs);
    outer.addEventListener("abort", () => limit.abort(outer.reason), { once: true });
    try {
      return await this.agent.inference(history, { signal: limit.signal });
    } catch (error) {
      throw limit.signal.reason === late && exchangeOf(error) === undefined ? late : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #late(): AgentError {
    return new AgentError(`no answer within ${this.#limitMs / 1000} s`, { kind: "retryable" });
  }
}
