import { randomBytes } from "node:crypto";
import { type FakeSession, indices, outputAfter, overallReply, raisedOutput, refusal, samples } from "./fake-task.js";

export interface RecordedRequest {
  route: string;
  body: Record<string, unknown>;
}

/** `undefined`: the connection breaks instead. */
export type FakeReply = { status: number; text: string } | undefined;

/** A worker as v0.2 has it, of a task that behaves as a sample's index says. */
export class FakeWorker {
  /** Random: a controller in use has no task of this name. */
  readonly name = `conformance-${randomBytes(6).toString("hex")}`;
  readonly sessions = new Map<number, FakeSession>();
  /** What the controller has asked, in order. */
  readonly requests: RecordedRequest[] = [];
  /** True: it breaks every connection. */
  mute = false;
  readonly #listeners: { route: string; resolve: () => void }[] = [];
  #release: () => void = () => {};
  #released = Promise.resolve();

  constructor(
    readonly address: string,
    readonly concurrency: number,
  ) {}

  get heartbeat() {
    return { name: this.name, address: this.address, concurrency: this.concurrency, indices };
  }

  /** The latest request of a route. */
  last(route: string): RecordedRequest | undefined {
    return this.requests.findLast((request) => request.route === route);
  }

  /** Resolves when the next request of a route comes. */
  received(route: string): Promise<void> {
    return new Promise((resolve) => {
      this.#listeners.push({ route, resolve });
    });
  }

  /** From now on the turns of {@link samples.held} wait until the returned function is called. */
  hold(): () => void {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    return this.#release;
  }

  async answer(route: string, body: Record<string, unknown>): Promise<FakeReply> {
    this.requests.push({ route, body });
    for (const listener of this.#listeners) if (listener.route === route) listener.resolve();
    if (this.mute) return undefined;
    const handler = this.#routes[route];
    return handler === undefined ? reply(404, { detail: "Not Found" }) : handler(body);
  }

  readonly #routes: Record<string, (body: Record<string, unknown>) => FakeReply | Promise<FakeReply>> = {
    get_indices: () => reply(200, indices),
    get_sessions: () => reply(200, Object.fromEntries([...this.sessions].map(([id, { index }]) => [id, index]))),
    worker_status: () => reply(200, { concurrency: this.concurrency, current: this.sessions.size }),
    start_sample: (body) => this.#start(body),
    interact: (body) => this.#interact(body),
    cancel: ({ session_id }) => {
      const isKnown = this.sessions.delete(Number(session_id));
      return isKnown ? reply(200, { session_id }) : noSuchSession();
    },
    cancel_all: () => {
      this.sessions.clear();
      return reply(200, null);
    },
    calculate_overall: () => reply(200, overallReply),
  };

  #start({ session_id, index }: Record<string, unknown>): FakeReply {
    const id = Number(session_id);
    if (this.sessions.has(id)) return reply(400, { detail: "Session ID already exists" });
    if (index === samples.refuses) return refusal;
    if (index === samples.breaksAtStart) return undefined;
    const isFull = index === samples.full || this.sessions.size >= this.concurrency;
    if (isFull) return reply(406, { detail: `Sample concurrency limit reached: ${this.concurrency}` });
    const session: FakeSession = { id, index: index as string | number, history: [], busy: false };
    if (index === samples.raisesAtStart) return reply(200, { session_id, output: raisedOutput(session) });
    this.sessions.set(id, session);
    return reply(200, { session_id, output: outputAfter(session, 0) });
  }

  async #interact({ session_id, agent_response }: Record<string, unknown>): Promise<FakeReply> {
    const session = this.sessions.get(Number(session_id));
    if (session === undefined) return noSuchSession();
    if (session.busy) return reply(400, { detail: "Task Executing, please do not send new request." });
    const { status, content } = (agent_response ?? {}) as { status?: string; content?: string | null };
    session.history.push({ role: "agent", content: content || String(status) });
    if (session.index === samples.breaks) return undefined;
    if (session.index === samples.held) {
      session.busy = true;
      await this.#released;
      session.busy = false;
    }
    return this.#turn(session);
  }

  #turn(session: FakeSession): FakeReply {
    const turns = session.history.filter(({ role }) => role === "agent").length;
    const hasRaised = session.index === samples.raises;
    const output = hasRaised ? raisedOutput(session) : outputAfter(session, turns);
    if (output.status !== "running") this.sessions.delete(session.id);
    const body = { session_id: session.id, output };
    return hasRaised ? reply(501, { detail: body }) : reply(200, body);
  }
}

function reply(status: number, value: unknown): FakeReply {
  return { status, text: JSON.stringify(value) };
}

function noSuchSession(): FakeReply {
  return reply(400, { detail: "No such session" });
}
