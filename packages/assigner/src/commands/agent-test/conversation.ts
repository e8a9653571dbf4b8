import { CodedError, type Message } from "@eval/protocol";
import { type Agent, AgentError } from "@eval/protocol/agent";
import { DeadlineError, withDeadline } from "../../agents/deadline.js";
import { exchangeOf } from "../../agents/http-exchange.js";

/** How long an agent that is told to stop may take to say what it was doing, in milliseconds. */
const graceMs = 1_000;

/** What a timer can hold. */
const maxMs = 2_147_483_647 - graceMs;

/** Messages back and forth. What gets no answer is not part of it. */
export class Conversation {
  #history: Message[] = [];
  readonly #limitMs: number;

  /** `timeoutMs` is for one answer, in milliseconds; without it only the agent's own limit counts. */
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
    // An agent that does not look at its signal is not waited for.
    const answer = await withDeadline(signal, this.#limitMs + graceMs, (outer) => this.#infer(history, outer)).catch(
      (error: unknown) => {
        throw error instanceof DeadlineError ? this.#late() : error;
      },
    );
    if (typeof answer !== "string") {
      throw new CodedError("MODULE_INVALID", `inference() must resolve with a text, not ${typeof answer}`);
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
