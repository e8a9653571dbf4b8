import { randomInt } from "node:crypto";
import { CallFailure, Skip } from "../check.js";
import { count, demand, fieldsOf, jsonOf } from "../expectation.js";
import { type Output, sessionReplyOf } from "../output.js";
import type { RawClient, Reply } from "../raw-client.js";
import { settled } from "../waiting.js";

export type SampleIndex = string | number;

export interface WorkerStageOptions {
  client: RawClient;
  /** The samples that the checks may run. */
  indices: readonly SampleIndex[];
  /** What the agent says, in every turn. */
  answer: string;
}

/** A session that was opened here, and what its task said first. */
export interface Opened {
  id: number;
  index: SampleIndex;
  reply: Reply;
  output: Output;
}

/** The environment of the checks of a worker, and what must be cleaned up after them. */
export class WorkerStage {
  readonly client: RawClient;
  readonly indices: readonly SampleIndex[];
  readonly answer: string;
  /** Outputs of samples that came to an end. */
  readonly results: Output[] = [];
  readonly #opened = new Set<number>();

  constructor({ client, indices, answer }: WorkerStageOptions) {
    this.client = client;
    this.indices = indices;
    this.answer = answer;
  }

  get index(): SampleIndex {
    return this.indices[0] ?? 0;
  }

  /** start_sample with an unused id. */
  async start(index = this.index, extra: Record<string, unknown> = {}): Promise<{ id: number; reply: Reply }> {
    const id = randomInt(2 ** 46, 2 ** 47);
    this.#opened.add(id);
    return { id, reply: await this.client.post("/start_sample", { index, session_id: id, ...extra }) };
  }

  async open(index = this.index, extra: Record<string, unknown> = {}): Promise<Opened> {
    const { id, reply } = await settled(() => this.#startWithRoom(index, extra));
    const { sessionId, output } = sessionReplyOf(reply);
    demand(sessionId === id, `${reply.call}: the session_id ${id}`, reply);
    return { id, index, reply, output };
  }

  /** What was canceled a moment ago may still hold its slot; who says that one is free may not refuse. */
  async #startWithRoom(index: SampleIndex, extra: Record<string, unknown>): Promise<{ id: number; reply: Reply }> {
    const started = await this.start(index, extra);
    if (started.reply.status !== 406) return started;
    const { concurrency, current } = await this.capacity();
    const { call } = started.reply;
    demand(current >= concurrency, `${call}: a session, as ${current} of ${concurrency} run`, started.reply);
    throw new Skip("the worker has no free slot now");
  }

  /** What worker_status says. */
  async capacity(): Promise<{ concurrency: number; current: number }> {
    const reply = await this.client.get("/worker_status");
    const { concurrency, current } = fieldsOf(jsonOf(reply), { concurrency: count, current: count }, reply.call);
    return { concurrency: Number(concurrency), current: Number(current) };
  }

  /** A session that waits for the agent. */
  async openRunning(index = this.index): Promise<Opened> {
    const opened = await this.open(index);
    if (opened.output.status === "running") return opened;
    throw new Skip(`the sample ${JSON.stringify(index)} ends at its start, with \`${opened.output.status}\``);
  }

  say(session_id: number, agent_response: unknown = { status: "normal", content: this.answer }): Promise<Reply> {
    return this.client.post("/interact", { session_id, agent_response });
  }

  cancel(session_id: number): Promise<Reply> {
    return this.client.post("/cancel", { session_id });
  }

  async sessions(): Promise<Record<string, unknown>> {
    return fieldsOf(jsonOf(await this.client.get("/get_sessions")), {}, "GET /get_sessions");
  }

  /** Cancels what may still run. */
  async clear(): Promise<void> {
    const client = this.client.uninterrupted();
    const opened = [...this.#opened];
    this.#opened.clear();
    for (const session_id of opened) {
      // A server that does not answer this is not asked again.
      const isAnswered = await client.post("/cancel", { session_id }).then(...answeredOrSilent);
      if (!isAnswered) return;
    }
  }
}

const answeredOrSilent = [
  () => true,
  (error: unknown) => {
    if (error instanceof CallFailure) return false;
    throw error;
  },
] as const;
