import { call, PlainServer, type Route, refusal, reply } from "./plain-http.js";

export interface V02WorkerOptions {
  name: string;
  samples: number;
  concurrency: number;
  /** Answers that it asks for in a sample. */
  rounds: number;
  /** How long it thinks about an answer, in milliseconds. */
  turnMs: number;
  /** Indices of which the task raises at the first answer, each once. */
  raises?: readonly number[];
}

interface Session {
  index: number;
  history: { role: "user" | "agent"; content: string }[];
  isBusy: boolean;
}

/** A worker as v0.2 has it: it knows none of our extensions, and sends all of its indices with every heartbeat. */
export class V02Worker {
  /** The most sessions that it had at once. */
  most = 0;
  /** Bodies of what it was sent, by route: nothing in them may be unknown to it. */
  readonly received: { route: string; body: Record<string, unknown> }[] = [];
  readonly #sessions = new Map<number, Session>();
  readonly #raises: Set<number>;
  #server: PlainServer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: V02WorkerOptions) {
    this.#raises = new Set(options.raises);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Listens, and registers every `heartbeatMs` until it is stopped. Rejects when the first heartbeat is refused. */
  async start(controller: string, heartbeatMs = 500): Promise<void> {
    const server = await PlainServer.start(this.#routes());
    this.#server = server;
    const { name, concurrency, samples } = this.options;
    const indices = Array.from({ length: samples }, (_, index) => index);
    const heartbeat = { name, address: server.address, concurrency, indices };
    const beat = () => call("POST", `${controller}/receive_heartbeat`, heartbeat, 5_000);
    const first = await beat();
    if (first.status !== 200 || first.body !== null) throw new Error(`heartbeat: ${JSON.stringify(first)}`);
    this.#timer = setInterval(() => void beat().catch(() => {}), heartbeatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#server?.stop();
    this.#sessions.clear();
  }

  #routes(): Record<string, Route> {
    const { concurrency, samples } = this.options;
    return {
      "GET /get_indices": () =>
        reply(
          200,
          Array.from({ length: samples }, (_, index) => index),
        ),
      "GET /get_sessions": () =>
        reply(200, Object.fromEntries([...this.#sessions].map(([id, { index }]) => [id, index]))),
      "GET /worker_status": () => reply(200, { concurrency, current: this.#sessions.size }),
      "POST /start_sample": (body) => this.#start(body),
      "POST /interact": (body) => this.#interact(body),
      "POST /cancel": ({ session_id }) => {
        const isKnown = this.#sessions.delete(session_id as number);
        return isKnown ? reply(200, { session_id }) : refusal(400, "No such session");
      },
      "POST /cancel_all": () => {
        this.#sessions.clear();
        return reply(200, null);
      },
      "POST /calculate_overall": (body) => {
        this.received.push({ route: "calculate_overall", body });
        return reply(200, { count: (body.results as unknown[]).length });
      },
    };
  }

  #start(body: Record<string, unknown>) {
    this.received.push({ route: "start_sample", body });
    const { session_id: id, index } = body as { session_id: number; index: number };
    if (this.#sessions.has(id)) return refusal(400, "Session ID already exists");
    const { concurrency } = this.options;
    if (this.#sessions.size >= concurrency) return refusal(406, `Sample concurrency limit reached: ${concurrency}`);
    const session: Session = { index, history: [{ role: "user", content: `Sample ${index}` }], isBusy: false };
    this.#sessions.set(id, session);
    this.most = Math.max(this.most, this.#sessions.size);
    return reply(200, { session_id: id, output: running(session) });
  }

  async #interact(body: Record<string, unknown>) {
    this.received.push({ route: "interact", body });
    const { session_id: id, agent_response } = body as { session_id: number; agent_response: { content: string } };
    const session = this.#sessions.get(id);
    if (session === undefined) return refusal(400, "No such session");
    if (session.isBusy) return refusal(400, "Task Executing, please do not send new request.");
    session.isBusy = true;
    await new Promise((resolve) => setTimeout(resolve, this.options.turnMs));
    session.isBusy = false;
    session.history.push({ role: "agent", content: agent_response.content });
    if (this.#raises.delete(session.index)) return this.#end(id, session, "task error");
    if (session.history.length / 2 >= this.options.rounds) return this.#end(id, session, "completed");
    session.history.push({ role: "user", content: "Go on" });
    return reply(200, { session_id: id, output: running(session) });
  }

  #end(id: number, { index, history }: Session, status: "completed" | "task error") {
    this.#sessions.delete(id);
    const isRaised = status === "task error";
    const output = { index, status, result: isRaised ? "Traceback: boom" : history.at(-1)?.content, history };
    return isRaised ? refusal(501, { session_id: id, output }) : reply(200, { session_id: id, output });
  }
}

function running({ history }: Session) {
  return { index: null, status: "running", result: null, history };
}
