import { CallFailure, Mismatch } from "../check.js";
import { accepted, exactly, fieldsOf, isObject, jsonOf } from "../expectation.js";
import type { samples } from "../fake-task.js";
import type { FakeWorker } from "../fake-worker.js";
import type { FakeWorkerHost } from "../fake-worker-host.js";
import { running, sessionReplyOf } from "../output.js";
import type { RawClient, Reply } from "../raw-client.js";

/** After this time without a request, a worker registers again before it is used; milliseconds. */
const freshMs = 4_000;

type Index = (typeof samples)[keyof typeof samples];

/** The environment of the checks of a controller, and what must be cleaned up after them. */
export class ControllerStage {
  readonly #beaten = new Map<FakeWorker, number>();
  /** Serves every check that breaks nothing. */
  readonly main: FakeWorker;

  constructor(
    readonly client: RawClient,
    readonly host: FakeWorkerHost,
  ) {
    this.main = host.add(64);
  }

  /** A registered worker, for a check that needs its own. */
  async worker(concurrency: number): Promise<FakeWorker> {
    const worker = this.host.add(concurrency);
    await this.keep(worker);
    return worker;
  }

  /** Registers the worker unless it did a moment ago: without heartbeats it would count as out of contact. */
  async keep(worker: FakeWorker = this.main): Promise<void> {
    const last = this.#beaten.get(worker);
    if (last !== undefined && performance.now() - last < freshMs) return;
    accepted(await this.client.post("/receive_heartbeat", worker.heartbeat), null);
    this.#beaten.set(worker, performance.now());
  }

  /** start_sample; what it opens is canceled after the check. */
  async start(index: Index | string, worker: FakeWorker = this.main): Promise<Reply> {
    await this.keep(worker);
    return this.client.post("/start_sample", { name: worker.name, index });
  }

  /** Opens a session that asks its first question; returns its id. */
  async open(index: Index, worker: FakeWorker = this.main): Promise<number> {
    const reply = await this.start(index, worker);
    const { sessionId, output } = sessionReplyOf(reply);
    running(output, `${reply.call}: output`);
    return sessionId;
  }

  /** One turn. */
  say(session_id: number, content = "An answer"): Promise<Reply> {
    return this.client.post("/interact", { session_id, agent_response: { status: "normal", content } });
  }

  cancel(session_id: number): Promise<Reply> {
    return this.client.post("/cancel", { session_id });
  }

  async sessions(): Promise<Record<string, unknown>> {
    return fieldsOf(jsonOf(await this.client.get("/list_sessions")), {}, "list_sessions");
  }

  /** What list_workers says of a worker of ours, by its address. */
  async listed(worker: FakeWorker = this.main): Promise<{ key: string; entry: Record<string, unknown> }> {
    const reply = await this.client.get("/list_workers");
    const all = fieldsOf(jsonOf(reply), { [worker.name]: ["an object", isObject] }, reply.call);
    const task = fieldsOf(all[worker.name], { workers: ["an object", isObject] }, `${reply.call}.${worker.name}`);
    const entries = Object.entries(task.workers as object).filter(
      ([, one]) => isObject(one) && one.address === worker.address,
    );
    if (entries.length !== 1) {
      throw new Mismatch(`${reply.call}: one worker at ${worker.address}`, JSON.stringify(task.workers));
    }
    const [key, entry] = entries[0] as [string, unknown];
    return { key, entry: fieldsOf(entry, { address: exactly(worker.address) }, `${reply.call}.workers`) };
  }

  /** Cancels what is still open: what the fake workers run, also where its id never came back. */
  async clear(): Promise<void> {
    const client = this.client.uninterrupted();
    for (const { sessions } of this.host.workers) {
      const left = [...sessions.keys()];
      for (const session_id of left) await client.post("/cancel", { session_id }).catch(ignoreSilence);
      for (const id of left) sessions.delete(id);
    }
  }
}

function ignoreSilence(error: unknown): void {
  if (!(error instanceof CallFailure)) throw error;
}
