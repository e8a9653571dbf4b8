import { call, type PlainReply } from "./plain-http.js";

interface Output {
  index: number | null;
  status: string;
  result: unknown;
  history: { role: string; content: string }[] | null;
}

interface Listed {
  workers: Record<string, { capacity: number; current: number; status: number }>;
}

export interface V02ClientOptions {
  controller: string;
  task: string;
  /** Samples at once that it would have at the most. */
  concurrency: number;
  /** The agent. What it throws fails the attempt; the session is canceled, and the sample tried again. */
  answer: (history: readonly { role: string; content: string }[]) => string;
  /** Waited for between each look at the free capacity and the starts. */
  hasLooked?: () => Promise<void>;
}

/** A client as v0.2's assigner is one: it looks for free capacity, starts so much, and puts back what it is refused. */
export class V02Client {
  readonly outputs = new Map<number, Output>();
  /** Starts that were answered 406. */
  refusals = 0;
  failures = 0;
  /** The most that it had in flight. */
  most = 0;
  #inFlight = 0;

  constructor(private readonly options: V02ClientOptions) {}

  /** Runs the samples, all of them to their end. Rejects on an answer that v0.2 would not know what to do with. */
  async run(indices: readonly number[]): Promise<void> {
    const queue = [...indices];
    const running = new Set<Promise<void>>();
    while (queue.length > 0 || running.size > 0) {
      const free = await this.#free();
      await this.options.hasLooked?.();
      const room = Math.min(free, this.options.concurrency - this.#inFlight);
      for (const index of queue.splice(0, Math.max(0, room))) {
        const attempt = this.#attempt(index)
          .then((isDone) => void (isDone || queue.push(index)))
          .finally(() => running.delete(attempt));
        running.add(attempt);
      }
      await (running.size > 0 ? Promise.race(running) : new Promise((resolve) => setTimeout(resolve, 50)));
    }
  }

  async overall(): Promise<unknown> {
    const results = [...this.outputs.values()];
    return expect200(await this.#post("calculate_overall", { name: this.options.task, results }));
  }

  async indices(): Promise<number[]> {
    const { controller, task } = this.options;
    return expect200(await call("GET", `${controller}/get_indices?name=${task}`)) as number[];
  }

  /** Capacity less current, over the workers that are alive. */
  async #free(): Promise<number> {
    const listed = expect200(await call("GET", `${this.options.controller}/list_workers`)) as Record<string, Listed>;
    const workers = Object.values(listed[this.options.task]?.workers ?? {}).filter(({ status }) => status === 0);
    return workers.reduce((sum, { capacity, current }) => sum + capacity - current, 0);
  }

  /** False: the sample goes back into the queue. */
  async #attempt(index: number): Promise<boolean> {
    this.#inFlight += 1;
    this.most = Math.max(this.most, this.#inFlight);
    try {
      return await this.#converse(index);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #converse(index: number): Promise<boolean> {
    const started = await this.#post("start_sample", { name: this.options.task, index });
    if (started.status === 406) {
      this.refusals += 1;
      return false;
    }
    let { session_id, output } = expect200(started) as { session_id: number; output: Output };
    while (output.status === "running") {
      let content: string;
      try {
        content = this.options.answer(output.history ?? []);
      } catch {
        this.failures += 1;
        expect200(await this.#post("cancel", { session_id }));
        return false;
      }
      const turn = await this.#post("interact", { session_id, agent_response: { status: "normal", content } });
      ({ output } = expect200(turn) as { output: Output });
    }
    this.outputs.set(index, output);
    return true;
  }

  #post(route: string, body: unknown): Promise<PlainReply> {
    return call("POST", `${this.options.controller}/${route}`, body);
  }
}

function expect200({ status, body }: PlainReply): unknown {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
