import type { Agent } from "@eval/protocol/agent";
import type { AgentOutput, Message, Session, TaskOutput } from "@eval/protocol/task";

/** Answers a history; a status other than `normal` ends the conversation as the worker would. */
export type Answer = (history: readonly Message[]) => AgentOutput | Promise<AgentOutput>;

/** A session that lives in the test's own process: the agent's side is a function. */
export class ScriptedSession implements Session {
  readonly id = 1;
  readonly #abort = new AbortController();
  readonly #history: Message[] = [];

  constructor(private readonly answer: Answer) {}

  get history(): readonly Message[] {
    return this.#history;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort.abort(new Error("the session was aborted"));
  }

  inject(...items: (Message | string)[]): void {
    for (const item of items) this.#history.push(typeof item === "string" ? { role: "user", content: item } : item);
  }

  async action(...items: (Message | string)[]): Promise<AgentOutput> {
    this.inject(...items);
    const output = await this.answer(this.#history);
    if (output.status === "normal") this.inject({ role: "agent", content: output.content ?? "" });
    return output;
  }
}

export function normal(content: string): AgentOutput {
  return { status: "normal", content };
}

/** A session whose agent says the given texts, one after the other. */
export function saying(...texts: string[]): ScriptedSession {
  const rest = [...texts];
  return new ScriptedSession(() => normal(rest.shift() ?? ""));
}

/** A session with a real agent. */
export function sessionOf(agent: Agent): ScriptedSession {
  const { signal } = new AbortController();
  return new ScriptedSession(async (history) => normal(await agent.inference(history, { signal })));
}

/** Results as `calculateOverall` is given them. */
export async function* stream(outputs: readonly TaskOutput[]): AsyncGenerator<TaskOutput> {
  yield* outputs;
}
