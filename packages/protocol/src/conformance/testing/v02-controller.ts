import { isDeepStrictEqual } from "node:util";
import { type Answer, type Body, type Route, startV02Server, type Tamper } from "./v02-server.js";

interface Worker {
  id: number;
  address: string;
  capacity: number;
  current: number;
  last_visit: number;
  status: number;
  locked: boolean;
}

interface Session {
  id: number;
  name: string;
  index: unknown;
  start: number;
  worker: Worker;
  /** The turn that is executed; the next one waits for it. */
  turn: Promise<unknown>;
}

const seconds = () => Date.now() / 1000;
const error = (status: number, detail: string): Answer => [status, { detail }];
const noSession = () => error(400, "Error: Session does not exist");

/** A controller as v0.2 has it: ids from 0, one turn after the other, results of 1 become true. */
export class V02Controller {
  readonly tasks = new Map<string, { indices: unknown[]; workers: Worker[] }>();
  readonly sessions = new Map<number, Session>();
  #nextSession = 0;
  #nextWorker = 0;

  static async start(tamper?: Tamper): Promise<{ url: string; controller: V02Controller }> {
    const controller = new V02Controller();
    return { controller, url: await startV02Server(controller.routes, tamper) };
  }

  readonly routes: Record<string, Route> = {
    "/list_workers": { method: "GET", handle: () => [200, this.#listWorkers()] },
    "/list_sessions": { method: "GET", handle: () => [200, this.#listSessions()] },
    "/get_indices": { method: "GET", fields: { name: "str" }, handle: ({ name }) => this.#getIndices(String(name)) },
    "/start_sample": { method: "POST", fields: { name: "str", index: "index" }, handle: (body) => this.#start(body) },
    "/interact": {
      method: "POST",
      fields: { session_id: "int", agent_response: "agent" },
      handle: (body) => this.#interact(body),
    },
    "/cancel": { method: "POST", fields: { session_id: "int" }, handle: ({ session_id }) => this.#cancel(session_id) },
    "/receive_heartbeat": {
      method: "POST",
      fields: { name: "str", address: "str", concurrency: "int", indices: "list" },
      handle: (body) => this.#heartbeat(body),
    },
    "/calculate_overall": {
      method: "POST",
      fields: { name: "str", results: "list" },
      handle: (body) => this.#overall(body),
    },
    "/sync_all": { method: "POST", handle: () => [200, null] },
    "/cancel_all": { method: "POST", handle: () => this.#cancelAll() },
    "/clean_session": { method: "POST", handle: () => [200, null] },
    "/clean_worker": { method: "POST", handle: () => [200, null] },
  };

  #listWorkers() {
    const entries = [...this.tasks].map(([name, { indices, workers }]) => {
      return [name, { indices, workers: Object.fromEntries(workers.map((worker) => [worker.id, worker])) }];
    });
    return Object.fromEntries(entries);
  }

  #listSessions() {
    const entries = [...this.sessions.values()].map(({ id, name, index, start, worker }) => {
      return [id, { name, index, start, last_update: start, worker_id: worker.id, locked: false }];
    });
    return Object.fromEntries(entries);
  }

  #getIndices(name: string): Answer {
    const task = this.tasks.get(name);
    return task === undefined ? error(400, "Error: Task does not exist") : [200, task.indices];
  }

  async #heartbeat({ name, address, concurrency, indices }: Body): Promise<Answer> {
    const task = this.tasks.get(String(name)) ?? { indices: indices as unknown[], workers: [] };
    this.tasks.set(String(name), task);
    const isSame = isDeepStrictEqual(task.indices, indices);
    if (!isSame) return error(400, "Error: Task already exists with different indices");
    const known = task.workers.find((worker) => worker.address === address);
    if (known) known.last_visit = seconds();
    else {
      const [status] = await call(String(address), "/get_sessions").catch(() => [0]);
      if (status !== 200) return error(400, "Error: Worker status abnormal");
      const life = { current: 0, last_visit: seconds(), status: 0, locked: false };
      task.workers.push({ id: this.#nextWorker++, address: String(address), capacity: Number(concurrency), ...life });
    }
    return [200, null];
  }

  async #start({ name, index }: Body): Promise<Answer> {
    const task = this.tasks.get(String(name));
    if (task === undefined) return error(406, "Error: Task does not exist");
    if (!task.indices.includes(index)) return error(400, "Error: Index out of bounds");
    const worker = task.workers.find(({ capacity, current }) => current < capacity);
    if (worker === undefined) return error(406, "Error: No workers available");
    const id = this.#nextSession++;
    worker.current += 1;
    this.sessions.set(id, { id, name: String(name), index, start: seconds(), worker, turn: Promise.resolve() });
    return this.#relay(id, "/start_sample", { index, session_id: id });
  }

  async #interact(body: Body): Promise<Answer> {
    const id = Number(body.session_id);
    const session = this.sessions.get(id);
    if (session === undefined) return noSession();
    const turn = session.turn.then(() => this.#relay(id, "/interact", body));
    session.turn = turn;
    return turn;
  }

  /** A turn, and the end of the session where it is over. */
  async #relay(id: number, path: string, body: Body): Promise<Answer> {
    const session = this.sessions.get(id);
    if (session === undefined) return noSession();
    const [status, text] = await call(session.worker.address, path, body).catch((cause) => [0, String(cause)] as const);
    const reply = status === 200 ? JSON.parse(text) : undefined;
    if (reply?.output.status !== "running") this.#close(session);
    if (status === 0) return error(400, `Error: Worker not responding\n${text}`);
    if (status !== 200) return error(status, `Error: Worker returned error\n${text}`);
    const { result } = reply.output;
    return [200, { ...reply, output: { ...reply.output, result: result === 1 ? true : result } }];
  }

  #close({ id, worker }: Session): void {
    if (this.sessions.delete(id)) worker.current -= 1;
  }

  async #cancel(session_id: unknown): Promise<Answer> {
    const session = this.sessions.get(Number(session_id));
    if (session === undefined) return noSession();
    await call(session.worker.address, "/cancel", { session_id });
    this.#close(session);
    return [200, { session_id }];
  }

  async #cancelAll(): Promise<Answer> {
    for (const session of this.sessions.values()) await this.#cancel(session.id);
    return [200, null];
  }

  async #overall(body: Body): Promise<Answer> {
    const worker = this.tasks.get(String(body.name))?.workers[0];
    if (worker === undefined) return error(400, "Error: Task does not exist");
    const [, text] = await call(worker.address, "/calculate_overall", body);
    return [200, JSON.parse(text)];
  }
}

async function call(address: string, path: string, body?: Body): Promise<readonly [status: number, text: string]> {
  const post = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const reply = await fetch(address + path, body === undefined ? {} : post);
  return [reply.status, await reply.text()];
}
