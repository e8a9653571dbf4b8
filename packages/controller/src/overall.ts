import { CodedError, workerLiveness, workerRoutes } from "@eval/protocol";
import type { RawResponse } from "@eval/protocol/http-client";
import { missingParameter, type Peer, RawReply, type RequestContext } from "@eval/protocol/http-server";
import type { Controller } from "./controller.js";
import { freeCapacity, type WorkerRecord } from "./worker-registry.js";
import { notResponding, workerError } from "./worker-reply.js";

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
 * array on the way to a v0.2 worker. Any other body is not changed.
 */
export function streamOverall(
  controller: Controller,
  { peer, request }: RequestContext,
): Promise<RawReply> | undefined {
  if (!request.headers["content-type"]?.startsWith("application/x-ndjson")) return undefined;
  const name = new URL(request.url ?? "", "http://localhost").searchParams.get("name");
  if (name === null) throw missingParameter("name");
  const worker = pickWorker(controller, name, peer);
  const isOurs = worker.incarnation !== undefined;
  const type = isOurs ? "application/x-ndjson" : "application/json";
  // Not the request itself: a client that is done early would destroy it, and with it the way for our answer.
  const chunks = request.iterator({ destroyOnReturn: false });
  return send(controller, worker, isOurs ? chunks : resultsAsArray(name, chunks), type);
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
    throw notResponding(error);
  }
  if (response.status >= 400) throw workerError(response);
  return new RawReply(200, response.body);
}

/** Lines of JSON -> `{"name": ..., "results": [...]}`, without holding more than a chunk. */
async function* resultsAsArray(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  yield `{"name":${JSON.stringify(name)},"results":[`;
  let hasLines = false;
  let lineIsOpen = false;
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    let text = "";
    for (const [position, part] of parts.entries()) {
      if (position > 0) lineIsOpen = false;
      if (!lineIsOpen && part.trim() === "") continue;
      // A comma goes in front of every line but the first; a line may come in several chunks.
      text += !lineIsOpen && hasLines ? `,${part}` : part;
      hasLines = true;
      lineIsOpen = true;
    }
    yield text;
  }
  yield "]}";
}
