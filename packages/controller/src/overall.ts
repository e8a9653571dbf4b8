import { CodedError, messageOf, workerLiveness, workerRoutes } from "@eval/protocol";
import type { RawResponse } from "@eval/protocol/http-client";
import { type Peer, RawReply, type RequestContext } from "@eval/protocol/http-server";
import type { Controller } from "./controller.js";
import { freeCapacity, type WorkerRecord } from "./worker-registry.js";

const { path } = workerRoutes.calculateOverall;

/** calculate_overall with its results in one JSON body, as v0.2's clients send it. */
export async function calculateOverall(
  controller: Controller,
  request: { name: string; results: unknown[] },
  peer: Peer,
): Promise<RawReply> {
  const worker = pickWorker(controller, request.name, peer);
  return send(controller, worker, JSON.stringify(request), "application/json");
}

/**
 * calculate_overall with its results as NDJSON: passed through to a worker of ours as it comes, and turned into v0.2's
 * array on the way to a v0.2 worker. Any other body is left alone (`false`).
 */
export async function streamOverall(controller: Controller, { peer, request, response }: RequestContext) {
  if (!request.headers["content-type"]?.startsWith("application/x-ndjson")) return false;
  const name = new URL(request.url ?? "", "http://localhost").searchParams.get("name");
  if (name === null) throw new CodedError("VALIDATION", "name: a query parameter is required");
  const worker = pickWorker(controller, name, peer);
  const isOurs = worker.incarnation !== undefined;
  const body = isOurs ? request : asArray(name, request);
  const reply = await send(controller, worker, body, isOurs ? "application/x-ndjson" : "application/json");
  response.writeHead(reply.status, { "content-type": "application/json" });
  response.end(reply.body);
  return true;
}

function pickWorker(controller: Controller, name: string, peer: Peer): WorkerRecord {
  const workers = [...controller.task(name, peer).workers.values()];
  const reachable = workers.filter(({ liveness }) => liveness !== workerLiveness.dead);
  const [best] = reachable.sort((a, b) => a.liveness - b.liveness || freeCapacity(b) - freeCapacity(a));
  if (best === undefined) throw new CodedError("NO_WORKERS_AVAILABLE", "Error: No workers available");
  return best;
}

async function send(
  { clients, limits }: Controller,
  worker: WorkerRecord,
  body: string | AsyncIterable<Buffer | string>,
  type: string,
): Promise<RawReply> {
  let response: RawResponse;
  try {
    response = await clients.of(worker).http.send("POST", path, body, {
      timeoutMs: limits.overallTimeoutMs,
      headers: { ...clients.addressing(worker), "content-type": type },
    });
  } catch (error) {
    const detail = `Error: Worker not responding\n${messageOf(error)}`;
    throw new CodedError("WORKER_NOT_RESPONDING", detail, { cause: error, detail });
  }
  if (response.status < 400) return new RawReply(200, response.body);
  const text = `Error: Worker returned error\n${response.body}`;
  throw new CodedError("WORKER_ERROR", text, { status: response.status, detail: text });
}

/** Lines of JSON -> `{"name": ..., "results": [...]}`, without holding more than a chunk. */
async function* asArray(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  yield `{"name":${JSON.stringify(name)},"results":[`;
  let pending = "";
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    // The end of a line becomes a comma only when another line follows.
    const text = pending.replace(/\n+$/, "");
    pending = pending.slice(text.length);
    yield text.replace(/\n+/g, ",");
    if (pending !== "") pending = "\n";
  }
  yield "]}";
}
