import { setTimeout as delay } from "node:timers/promises";
import {
  controllerRoutes,
  type Interact,
  isCodedError,
  type Json,
  type ListedTask,
  randomId,
  type SampleIndex,
  type SessionReply,
  type StartSample,
  sessionIdOf,
  type TaskOutput,
} from "@eval/protocol";
import { createClient, neverSent, type Peer, type Reply, type RouteClient } from "@eval/protocol/http-client";
import type { BuildContext } from "@eval/protocol/task";
import { readClientParameters } from "./client-parameters.js";
import { isNetworkError, isNotAvailable } from "./controller-replies.js";
import { overallBody, resultLines } from "./overall-body.js";
import { type Patience, persist } from "./persist.js";
import { ClientSession, type StartedSession, type StartOptions } from "./task-session.js";

/** How long a long-polled reply may take, in milliseconds. */
const pollMs = 25_000;

/** Limit for a start, and for a turn of a v0.2 task: the time that v0.2's controller gives a worker, and a margin. */
const slowMs = 250_000;

/** How long the end of a run waits for the end of sessions: a cancel takes up to 8 s. */
const closeMs = 10_000;

/** How long a task may take to compute its overall. */
const overallMs = 600_000;

/** A client for a task at a controller, ours or v0.2's. */
export class TaskClient {
  /** The task's name on the wire. */
  readonly name: string;
  readonly address: string;
  /** How long to wait for an unreachable controller, in milliseconds; set by the run. */
  patienceMs = 60_000;
  readonly #client: RouteClient<typeof controllerRoutes>;
  /** The last known peer: decides what may be retried before a session reports its own features. */
  #peer: Peer | undefined;
  #meeting: Promise<unknown> | undefined;
  /** Calls that end sessions, and starts that may lead to such a call: {@link close} waits for them. */
  readonly #ending = new Set<Promise<unknown>>();

  /** Parameters: `name`, `controller_address` or `controller` (default http://localhost:5000/api), `token`. */
  constructor({ parameters }: BuildContext) {
    const { name, address, token } = readClientParameters(parameters);
    this.name = name;
    this.#client = createClient(controllerRoutes, { address, token, instance: randomId() });
    this.address = this.#client.http.address;
  }

  async getIndices(signal: AbortSignal, timeoutMs = 30_000): Promise<SampleIndex[]> {
    const reply = await this.#client.getIndices({ name: this.name }, { signal, timeoutMs });
    this.#peer = reply.peer;
    return reply.value;
  }

  /** The controller's tasks by name; without their indices if the controller can omit them. */
  async listTasks(signal: AbortSignal): Promise<Record<string, ListedTask>> {
    const reply = await this.#client.listWorkers({ indices: "0" }, { signal, timeoutMs: 10_000 });
    this.#peer = reply.peer;
    return reply.value;
  }

  /**
   * Opens a session. Rejects with a ReplyError with status 406 if no slot is free; lost replies are requested again if the
   * controller supports that.
   */
  async start(index: SampleIndex, { owner, leaseS, ...signals }: StartOptions): Promise<StartedSession> {
    const { signal, stopped = signal } = signals;
    // Other samples share this first contact, so it must outlive the sample that started it.
    if (this.#peer === undefined) await this.#meet(stopped);
    signal.throwIfAborted();
    const request = { name: this.name, index, request_id: randomId(), owner, lease_s: leaseS };
    const reply = await this.#awaitedByClose(this.#startOrEnd(request, signal, stopped));
    this.#peer = reply.peer;
    const { session_id, output, features = [] } = reply.value;
    const replayable = features.includes("replay") && reply.peer.instance !== undefined;
    return { session: new ClientSession(this, session_id, replayable), output };
  }

  /** The type of controller decides what may be retried, so it must be known before the first start is sent. */
  #meet(signal: AbortSignal): Promise<unknown> {
    const meet = () => persist(() => this.listTasks(signal), isNetworkError, this.#patience(signal));
    this.#meeting ??= meet().finally(() => {
      this.#meeting = undefined;
    });
    return this.#meeting;
  }

  /**
   * An abandoned start may have opened a session, which must be ended. If starts can be replayed, the id is known in
   * advance; otherwise only the reply contains it, so this waits for the reply until the run is stopped.
   */
  async #startOrEnd(request: StartSample & { request_id: string }, signal: AbortSignal, stopped: AbortSignal) {
    const isReplayable = this.#peer?.features.includes("replay") ?? false;
    const call = { timeoutMs: slowMs, signal: isReplayable ? signal : stopped };
    const send = () => this.#client.startSample(request, call);
    const maySendAgain = (error: unknown) => isReplayable || neverSent(error);
    const reply = await persist(send, maySendAgain, this.#patience(signal)).catch(async (error: unknown) => {
      if (isReplayable && !isNotAvailable(error) && !neverSent(error)) {
        await this.cancel(sessionIdOf(request.request_id));
      }
      throw error;
    });
    if (!signal.aborted) return reply;
    await this.cancel(reply.value.session_id);
    throw signal.reason;
  }

  /** Sends a turn; for {@link ClientSession}. */
  async interact(request: Interact, replayable: boolean, signal: AbortSignal): Promise<Reply<SessionReply>> {
    if (!replayable) {
      const { session_id, agent_response } = request;
      const send = () => this.#client.interact({ session_id, agent_response }, { timeoutMs: slowMs, signal });
      return persist(send, neverSent, this.#patience(signal));
    }
    const send = () => this.#client.interact({ ...request, wait_ms: pollMs }, { timeoutMs: pollMs + 15_000, signal });
    return persist(send, () => true, this.#patience(signal));
  }

  cancel(id: number): Promise<void> {
    return this.#awaitedByClose(this.#cancel(id));
  }

  async #cancel(id: number): Promise<void> {
    try {
      await this.#client.cancel({ session_id: id }, { timeoutMs: 8_000 });
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
  }

  /**
   * Renews the owner's sessions; returns their number. A v0.2 controller does not support the call: nothing is sent to it,
   * and the number is undefined.
   */
  async renew(owner: string, leaseS: number): Promise<number | undefined> {
    if (this.#peer === undefined) await this.listTasks(AbortSignal.timeout(5_000));
    if (this.#peer?.instance === undefined) return undefined;
    return (await this.#client.renew({ owner, lease_s: leaseS }, { timeoutMs: 5_000 })).value.sessions;
  }

  /** Aggregates results: streamed to our controller, in one body to v0.2's. The request can be repeated. */
  async calculateOverall(results: AsyncIterable<TaskOutput>, signal: AbortSignal): Promise<Json> {
    const isOurs = this.#peer?.instance !== undefined;
    const { path } = controllerRoutes.calculateOverall;
    const body = isOurs ? resultLines(results) : overallBody(this.name, results);
    const type = isOurs ? "application/x-ndjson" : "application/json";
    const query = isOurs ? `?name=${encodeURIComponent(this.name)}` : "";
    const response = await this.#client.http.send("POST", path + query, body, {
      timeoutMs: overallMs,
      headers: { "content-type": type },
      signal,
    });
    return this.#client.http.readReply(response, path) as Json;
  }

  /** Waits for calls that end sessions, for some seconds at most: a hanging v0.2 controller must not block the end of the run. */
  async close(): Promise<void> {
    const deadline = new AbortController();
    const late = delay(closeMs, undefined, { signal: deadline.signal }).catch(() => {});
    await Promise.race([this.#ended(), late]);
    deadline.abort();
    await this.#client.http.close();
  }

  async #ended(): Promise<void> {
    while (this.#ending.size > 0) await Promise.allSettled(this.#ending);
  }

  #awaitedByClose<T>(ending: Promise<T>): Promise<T> {
    this.#ending.add(ending);
    const forget = () => void this.#ending.delete(ending);
    ending.then(forget, forget);
    return ending;
  }

  #patience(signal: AbortSignal): Patience {
    return { patienceMs: this.patienceMs, signal };
  }
}
