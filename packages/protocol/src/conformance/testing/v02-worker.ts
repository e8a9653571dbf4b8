import { type Answer, type Body, type Route, startV02Server, type Tamper } from "./v02-server.js";

interface Session {
  index: unknown;
  history: { role: string; content: string }[];
  busy: boolean;
}

export interface V02WorkerOptions {
  /** Sessions at once. Default 3. */
  concurrency?: number;
  /** Turns until a sample ends. Default 2. */
  rounds?: number;
  /** The task raises: before it asks, or after the first answer. */
  raises?: "at start" | "after an answer";
}

const error = (status: number, detail: string): Answer => [status, { detail }];
const noSession = () => error(400, "No such session");
const session = { session_id: "int" } as const;

/** A worker as v0.2 has it, with samples 0, 1 and "two". */
export class V02Worker {
  readonly sessions = new Map<number, Session>();

  constructor(private readonly options: V02WorkerOptions) {}

  static async start(options: V02WorkerOptions = {}, tamper?: Tamper): Promise<{ url: string; worker: V02Worker }> {
    const worker = new V02Worker(options);
    return { worker, url: await startV02Server(worker.routes, tamper) };
  }

  readonly routes: Record<string, Route> = {
    "/get_indices": { method: "GET", handle: () => [200, [0, 1, "two"]] },
    "/get_sessions": {
      method: "GET",
      handle: () => [200, Object.fromEntries([...this.sessions].map(([id, { index }]) => [id, index]))],
    },
    "/worker_status": {
      method: "GET",
      handle: () => [200, { concurrency: this.#concurrency, current: this.sessions.size }],
    },
    "/sample_status": { method: "POST", fields: session, handle: ({ session_id }) => this.#status(Number(session_id)) },
    "/start_sample": { method: "POST", fields: { index: "index", ...session }, handle: (body) => this.#start(body) },
    "/interact": {
      method: "POST",
      fields: { ...session, agent_response: "agent" },
      handle: (body) => this.#turn(body),
    },
    "/cancel": {
      method: "POST",
      fields: session,
      handle: ({ session_id }) => (this.sessions.delete(Number(session_id)) ? [200, { session_id }] : noSession()),
    },
    "/cancel_all": {
      method: "POST",
      handle: () => {
        this.sessions.clear();
        return [200, null];
      },
    },
    "/calculate_overall": {
      method: "POST",
      fields: { name: "str", results: "list" },
      handle: ({ results }) => [200, { count: (results as unknown[]).length }],
    },
  };

  get #concurrency(): number {
    return this.options.concurrency ?? 3;
  }

  #status(session_id: number): Answer {
    const known = this.sessions.get(session_id);
    if (known === undefined) return noSession();
    const flags = { waiting_for_env: known.busy, waiting_for_agent: !known.busy, env_input: null, env_output: null };
    return [200, { session_id, index: known.index, status: flags }];
  }

  #start({ session_id, index }: Body): Answer {
    const id = Number(session_id);
    if (this.sessions.has(id)) return error(400, "Session ID already exists");
    if (this.sessions.size >= this.#concurrency) {
      return error(406, `Sample concurrency limit reached: ${this.#concurrency}`);
    }
    const raised = { index, status: "task error", result: "raised", history: [] };
    if (this.options.raises === "at start") return [200, { session_id: id, output: raised }];
    const history = [{ role: "user", content: "first question" }];
    this.sessions.set(id, { index, history, busy: false });
    return [200, { session_id: id, output: { index: null, status: "running", result: null, history } }];
  }

  async #turn({ session_id, agent_response }: Body): Promise<Answer> {
    const id = Number(session_id);
    const known = this.sessions.get(id);
    if (known === undefined) return noSession();
    if (known.busy) return error(400, "Task Executing, please do not send new request.");
    const { status, content } = agent_response as { status: string; content: string | null };
    known.history.push({ role: "agent", content: content ?? status });
    known.busy = true;
    await new Promise((resolve) => setTimeout(resolve, 20));
    known.busy = false;
    return this.#after(id, known);
  }

  #after(id: number, { index, history }: Session): Answer {
    const { raises, rounds = 2 } = this.options;
    const hasEnded = history.filter(({ role }) => role === "agent").length >= rounds;
    if (hasEnded || raises !== undefined) this.sessions.delete(id);
    if (raises !== undefined) {
      return [501, { detail: { session_id: id, output: { index, status: "task error", result: "raised", history } } }];
    }
    if (hasEnded) return [200, { session_id: id, output: { index, status: "completed", result: true, history } }];
    history.push({ role: "user", content: "another question" });
    return [200, { session_id: id, output: { index: null, status: "running", result: null, history } }];
  }
}
