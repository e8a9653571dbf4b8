import { workerLiveness } from "@eval/protocol";
import type { Controller } from "./controller.js";
import { tickMs } from "./limits.js";
import type { WorkerRecord } from "./worker-registry.js";

/**
 * How often unconfirmed cancels are repeated, silent workers are probed, and v0.2 workers are asked for their sessions, in
 * milliseconds.
 */
const retryMs = 5_000;

/** Runs periodically: checks liveness and leases, and repeats unconfirmed cancels. */
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
    const now = clock.now();
    const silent = registry.age(now, limits.comaAfterMs);
    void this.controller.cleanSessions();
    if (now - this.#lastRetry < retryMs) return;
    this.#lastRetry = now;
    for (const worker of silent) void this.#look(worker, now);
    this.#askV02Workers();
    this.#closeAgain(now);
  }

  /** A silent worker that does not answer a probe is DEAD. Later it is forgotten, with its sessions. */
  async #look(worker: WorkerRecord, now: number): Promise<void> {
    const { sync, limits } = this.controller;
    const answers = await sync.probe(worker);
    if (worker.liveness === workerLiveness.alive) return;
    worker.liveness = answers ? workerLiveness.coma : workerLiveness.dead;
    const isLongGone = !answers && now - worker.lastBeat > limits.forgetAfterMs;
    if (isLongGone) sync.forget(worker, "was out of contact for too long");
  }

  /** A restarted v0.2 worker sends the same heartbeats as before: only its list of sessions shows the restart. */
  #askV02Workers(): void {
    const { registry, sync } = this.controller;
    for (const worker of registry.workers()) {
      const isV02 = worker.incarnation === undefined;
      if (isV02 && worker.sessions.size > 0 && worker.liveness === workerLiveness.alive) void sync.probe(worker);
    }
  }

  #closeAgain(now: number): void {
    for (const session of this.controller.table.all()) {
      if (session.state === "closing" && now - session.touched > retryMs) void this.controller.closer.close(session);
    }
  }
}
