import {
  CodedError,
  type Heartbeat,
  type HeartbeatReply,
  isCodedError,
  messageOf,
  type WholeHeartbeat,
} from "@eval/protocol";
import type { Peer } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import type { Observation } from "./reconcile.js";
import type { Time } from "./session-table.js";
import type { WorkerRecord, WorkerRegistry } from "./worker-registry.js";
import type { WorkerSync } from "./worker-sync.js";

export interface RegistrationOptions {
  registry: WorkerRegistry;
  sync: WorkerSync;
  logger: Logger;
  time: () => Time;
}

/** Handles heartbeats: of a known worker, of a new one, or of a new process at a known address. */
export class Registration {
  readonly #running = new Map<string, Promise<void>>();

  constructor(private readonly options: RegistrationOptions) {}

  /** Resolves with the fields that the worker must also send; in this case the heartbeat changed nothing, not even the liveness. */
  async heartbeat(heartbeat: Heartbeat, peer: Peer): Promise<HeartbeatReply> {
    const { address } = heartbeat;
    // Of two concurrent first heartbeats from one address, the second waits for the result of the first.
    for (let other = this.#running.get(address); other; other = this.#running.get(address)) await other.catch(() => {});
    const whole = this.options.registry.complete(heartbeat);
    if (whole === undefined) return { need: ["indices"] };
    const worker = this.options.registry.at(address);
    if (worker && worker.incarnation === heartbeat.incarnation && worker.task === heartbeat.name) {
      await this.#beat(worker, whole);
      return null;
    }
    const registration = this.#register(whole, peer).finally(() => this.#running.delete(address));
    this.#running.set(address, registration);
    await registration;
    return null;
  }

  async #beat(worker: WorkerRecord, heartbeat: WholeHeartbeat): Promise<void> {
    const { registry, sync, time } = this.options;
    registry.assertSameIndices(heartbeat);
    registry.beat(worker, heartbeat, time());
    const countsDiffer = worker.incarnation !== undefined && worker.reported !== worker.sessions.size;
    if (worker.synced) {
      if (countsDiffer) void sync.probe(worker);
    } else if (!(await sync.probe(worker))) throw abnormal(worker, "it did not list its sessions");
  }

  /**
   * Calls the worker back at its address. It replaces an earlier worker at this address only if the process that sent the
   * heartbeat answers there, so that a late heartbeat of a process that has ended changes nothing.
   */
  async #register(heartbeat: WholeHeartbeat, peer: Peer): Promise<void> {
    const { registry, sync, logger, time } = this.options;
    registry.assertSameIndices(heartbeat);
    const worker = registry.candidate(heartbeat, peer.features, time());
    const observation = await this.#callBack(worker);
    registry.assertSameIndices(heartbeat);
    const former = registry.at(heartbeat.address);
    if (former) sync.forget(former, "was replaced by another process at its address");
    registry.add(worker, heartbeat, time());
    sync.believe(worker, observation);
    const about = { capacity: worker.capacity, adopted: worker.sessions.size };
    logger.info(`Worker ${worker.address} registered for ${worker.task}`, about);
  }

  async #callBack(worker: WorkerRecord): Promise<Observation> {
    try {
      return await this.options.sync.look(worker);
    } catch (error) {
      void this.options.sync.hangUp(worker);
      if (isCodedError(error)) throw abnormal(worker, messageOf(error));
      throw error;
    }
  }
}

function abnormal({ address, task }: WorkerRecord, why: string): CodedError {
  const advice = "check that it is reachable from the controller's host (set the worker's address with --self)";
  const text = `Error: Worker status abnormal\n${address} did not answer as ${task}: ${why}; ${advice}`;
  return new CodedError("WORKER_ABNORMAL", text);
}
