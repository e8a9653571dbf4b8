import { call, type PlainReply, PlainServer, type Route, refusal, reply } from "./plain-http.js";

interface Worker {
  id: number;
  address: string;
  capacity: number;
  current: number;
  last_visit: number;
}

interface Task {
  indices: unknown[];
  workers: Map<string, Worker>;
}

interface Session {
  name: string;
  index: unknown;
  start: number;
  last_update: number;
  worker: Worker;
}

export interface V02ControllerOptions {
  /** Every so-manieth start is answered 406, although a slot is free. Default: none. */
  refuseEvery?: number;
  /** A session that was silent for so long is dropped when it is cleaned, in milliseconds. Default 240,000, as v0.2 has it. */
  expireMs?: number;
  /** The first so many sessions expire just before their first turn comes. Default: none. */
  forgetful?: number;
  /** It hangs once so many sessions have come to their end. Default: never. */
  hangAfter?: number;
}

/**
 * A controller as v0.2 has it: ids that count from 0, a new connection for each call, none of our extensions (what it
 * does not know of a body it ignores). A worker's death hangs it: then it answers nobody any more.
 */
export class V02Controller {
  /** Keys that it was sent and knows nothing of, by route. */
  readonly sessions = new Map<number, Session>();
  readonly calls: string[] = [];
  /** The most sessions that were open at once. */
  most = 0;
  readonly #tasks = new Map<string, Task>();
  #starts = 0;
  #nextSession = 0;
  #nextWorker = 0;
  readonly #forgotten = new Set<number>();
  #isHung = false;
  #over = 0;
  /** Requests that it has taken and will never answer. */
  hanging = 0;
  #server: PlainServer | undefined;

  constructor(private readonly options: V02ControllerOptions = {}) {}

  static async start(options: V02ControllerOptions = {}): Promise<V02Controller> {
    const controller = new V02Controller(options);
    controller.#server = await PlainServer.start(controller.#routes());
    return controller;
  }

  get address(): string {
    return this.#server?.address ?? "";
  }

  workers(task: string): Worker[] {
    return [...(this.#tasks.get(task)?.workers.values() ?? [])];
  }

  stop(): void {
    this.#server?.stop();
  }

  #routes(): Record<string, Route> {
    const routes: Record<string, Route> = {
      "GET /list_workers": () => reply(200, this.#listWorkers()),
      "GET /list_sessions": () => reply(200, this.#listSessions()),
      "GET /get_indices": (_, query) => {
        const task = this.#tasks.get(query.get("name") ?? "");
        return task ? reply(200, task.indices) : refusal(400, "Error: Task does not exist");
      },
      "POST /receive_heartbeat": (body) => this.#heartbeat(body),
      "POST /start_sample": (body) => this.#start(body),
      "POST /interact": (body) => this.#interact(body),
      "POST /cancel": (body) => this.#cancel(body),
      "POST /calculate_overall": (body) => this.#overall(body),
    };
    return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, this.#noted(name, route)]));
  }

  #noted(name: string, route: Route): Route {
    return (body, query) => {
      this.calls.push(name);
      this.#expire();
      if (!this.#isHung) return route(body, query);
      this.hanging += 1;
      return new Promise(() => {});
    };
  }

  /** As v0.2's clean_session: it forgets, and does not tell the worker. */
  #expire(): void {
    const oldest = Date.now() - (this.options.expireMs ?? 240_000);
    for (const [id, { last_update }] of this.sessions) {
      if (last_update * 1000 < oldest) this.#drop(id);
    }
  }

  #drop(id: number): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    this.sessions.delete(id);
    session.worker.current -= 1;
  }

  #end(id: number): void {
    if (this.sessions.has(id)) this.#over += 1;
    this.#drop(id);
    this.#isHung ||= this.#over === this.options.hangAfter;
  }

  #listWorkers() {
    const tasks = [...this.#tasks].map(([name, { indices, workers }]) => {
      const listed = [...workers.values()].map((worker) => [worker.id, { ...worker, status: 0, locked: false }]);
      return [name, { indices, workers: Object.fromEntries(listed) }];
    });
    return Object.fromEntries(tasks);
  }

  #listSessions() {
    const sessions = [...this.sessions].map(([id, { worker, ...rest }]) => {
      return [id, { ...rest, worker_id: worker.id, locked: false }];
    });
    return Object.fromEntries(sessions);
  }

  async #heartbeat(body: Record<string, unknown>): Promise<PlainReply> {
    const { name, address, concurrency, indices } = body as {
      name: string;
      address: string;
      concurrency: number;
      indices: unknown[];
    };
    if (!Array.isArray(indices)) return refusal(422, [missing("indices")]);
    const task = this.#tasks.get(name) ?? { indices, workers: new Map() };
    this.#tasks.set(name, task);
    const known = task.workers.get(address);
    if (known === undefined) {
      const { status } = await call("GET", `${address}/get_sessions`);
      if (status !== 200) return refusal(400, "Error: Worker status abnormal");
    }
    const worker = known ?? { id: this.#nextWorker++, address, capacity: concurrency, current: 0, last_visit: 0 };
    task.workers.set(address, Object.assign(worker, { capacity: concurrency, last_visit: seconds() }));
    return reply(200, null);
  }

  async #start(body: Record<string, unknown>): Promise<PlainReply> {
    const { name, index } = body as { name: string; index: unknown };
    this.#starts += 1;
    const task = this.#tasks.get(name);
    if (task === undefined) return refusal(406, "Error: Task does not exist");
    const { refuseEvery } = this.options;
    const isRefused = refuseEvery !== undefined && this.#starts % refuseEvery === 0;
    const worker = [...task.workers.values()].sort(
      (one, other) => other.capacity - other.current - one.capacity + one.current,
    )[0];
    if (isRefused || worker === undefined || worker.capacity <= worker.current) {
      return refusal(406, "Error: No workers available");
    }
    worker.current += 1;
    const session_id = this.#nextSession++;
    this.sessions.set(session_id, { name, index, start: seconds(), last_update: seconds(), worker });
    this.most = Math.max(this.most, this.sessions.size);
    return this.#forward(worker, "start_sample", { index, session_id }, session_id);
  }

  async #interact({ session_id, agent_response }: Record<string, unknown>): Promise<PlainReply> {
    const session = this.sessions.get(session_id as number);
    if (session !== undefined && this.#forgotten.size < (this.options.forgetful ?? 0)) {
      this.#forgotten.add(session_id as number);
      session.last_update = 0;
      this.#expire();
    }
    if (session === undefined || !this.sessions.has(session_id as number)) {
      return refusal(400, "Error: Session does not exist");
    }
    session.last_update = seconds();
    return this.#forward(session.worker, "interact", { session_id, agent_response }, session_id as number);
  }

  async #cancel({ session_id }: Record<string, unknown>): Promise<PlainReply> {
    const session = this.sessions.get(session_id as number);
    if (session === undefined) return refusal(400, "Error: Session does not exist");
    const answer = await this.#forward(session.worker, "cancel", { session_id }, session_id as number);
    this.#drop(session_id as number);
    return answer;
  }

  #overall({ name, results }: Record<string, unknown>): Promise<PlainReply> | PlainReply {
    const worker = this.workers(name as string)[0];
    if (worker === undefined) return refusal(400, "Error: No workers available");
    return call("POST", `${worker.address}/calculate_overall`, { name, results });
  }

  async #forward(worker: Worker, route: string, body: unknown, session: number): Promise<PlainReply> {
    let answer: PlainReply;
    try {
      answer = await call("POST", `${worker.address}/${route}`, body);
    } catch (error) {
      this.#drop(session);
      return refusal(400, `Error: Worker not responding\n${(error as Error).message}`);
    }
    const isOver = (answer.body as { output?: { status?: string } } | null)?.output?.status !== "running";
    if (isOver) this.#end(session);
    if (answer.status === 200) return answer;
    return refusal(answer.status, `Error: Worker returned error\n${JSON.stringify(answer.body)}`);
  }
}

function missing(field: string) {
  return { loc: ["body", field], msg: "field required", type: "value_error.missing" };
}

function seconds(): number {
  return Date.now() / 1000;
}
