import { workerLiveness } from "@eval/protocol";
import { type Controller, tickMs } from "./controller.js";
import type { WorkerRecord } from "./worker-registry.js";

/** How often an unconfirmed cancel and a silent worker are tried again, in milliseconds. */
const retryMs = 5_000;

/** The clock's tick: liveness, leases, and what was left unconfirmed. */
export class Reaper {
  #timer: NodeJS.Timeout | undefined;
  #lastRetry = 0;

  constructor(private readonly controller: Controller) {}

  start(): void {
    this.#timer = setInterval(() => this.tick(), tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  tick(): void {
    const { clock, registry, limits } = this.controller;
    clock.tick();
    const now = clock.now();
    const silent = registry.age(now, limits.comaAfterMs);
    void this.controller.cleanSessions();
    if (now - this.#lastRetry < retryMs) return;
    this.#lastRetry = now;
    for (const worker of silent) void this.#look(worker, now);
    this.#closeAgain(now);
  }

  /** A worker that does not even answer is DEAD; after a while it is forgotten, with its sessions. */
  async #look(worker: WorkerRecord, now: number): Promise<void> {
    const { registry, sync, limits } = this.controller;
    if (now - worker.lastBeat > limits.forgetAfterMs) return sync.forget(worker, "was out of contact for too long");
    const answers = await sync.probe(worker);
    if (!answers && worker.liveness === workerLiveness.coma && registry.at(worker.address) === worker) {
      worker.liveness = workerLiveness.dead;
    }
  }

  #closeAgain(now: number): void {
    for (const session of this.controller.table.all()) {
      if (session.state === "closing" && now - session.touched > retryMs) void this.controller.close(session);
    }
  }
}
