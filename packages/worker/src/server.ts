import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  CodedError,
  headerNames,
  type SessionReply,
  type TaskOutput,
  taskOutputSchema,
  workerRoutes,
} from "@eval/protocol";
import { createFront, type Handlers, RawReply, type RequestContext, readJsonLines } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import type { Contact } from "./contact.js";
import type { TaskHost } from "./task-host.js";

export interface WorkerServerOptions {
  host: TaskHost;
  /** Random, made when this worker started; a controller tells two workers at one address apart by it. */
  incarnation: string;
  contact: Contact;
  logger: Logger;
  version: string;
  token?: string | undefined;
  maxBodyBytes?: number;
}

/** The worker's HTTP server. Does not listen. */
export function createWorkerServer(options: WorkerServerOptions): Server {
  const { host, incarnation, contact } = options;
  const front = createFront(workerRoutes, createHandlers(options), {
    instance: incarnation,
    logger: options.logger,
    token: options.token,
    ...(options.maxBodyBytes !== undefined && { maxBodyBytes: options.maxBodyBytes }),
    guard: (request) => {
      assertAddressed(request, host.task.name, incarnation);
      contact.touch();
    },
    replyHeaders: () => ({ [headerNames.sessions]: `${host.sessionsVersion};${host.current}` }),
    streams: { [workerRoutes.calculateOverall.path]: (context) => streamOverall(host, context) },
  });
  return createServer(front);
}

function createHandlers({ host, incarnation, version }: WorkerServerOptions): Handlers<typeof workerRoutes> {
  return {
    getIndices: () => host.indices,
    getSessions: () => Object.fromEntries([...host.sessions()].map(({ id, index }) => [id, index])),
    workerStatus: (_request, { peer }) => {
      const status = { concurrency: host.task.concurrency, current: host.current };
      const identity = { name: host.task.name, incarnation, sessions_version: host.sessionsVersion };
      return peer.instance === undefined ? status : { ...status, ...identity, sessions: host.report() };
    },
    sampleStatus: ({ session_id }) => describe(host, session_id),
    startSample: async ({ session_id, index, request_id, owner, lease_s }, { peer }) => {
      const leaseMs = lease_s === undefined ? undefined : lease_s * 1000;
      const ownership = { openedBy: peer.instance, owner, leaseMs };
      const reply = await host.start(session_id, index, { ...ownership, replay: request_id !== undefined });
      return sessionReply(reply, peer.instance);
    },
    interact: async (request, { peer }) => sessionReply(await host.interact(request), peer.instance),
    cancel: ({ session_id }) => host.cancel(session_id),
    cancelAll: () => host.cancelAll(),
    calculateOverall: ({ results }) => host.task.calculateOverall(each(results)),
    health: () => ({ status: "ok", version, instance: incarnation }),
  };
}

/** v0.2 peers get v0.2's two fields; ours also a header that spares a router the reading of the body. */
function sessionReply(reply: SessionReply, instance: string | undefined): RawReply {
  const { session_id, output } = reply;
  const body = JSON.stringify(instance === undefined ? { session_id, output } : reply);
  const state = reply.pending ? "pending" : output.status === "running" ? "running" : "finished";
  return new RawReply(200, body, instance === undefined ? {} : { [headerNames.state]: state });
}

function describe(host: TaskHost, id: number): unknown {
  const session = host.session(id);
  const waitingForAgent = session.phase === "waiting for agent";
  const history = [...session.history];
  return {
    session_id: id,
    index: session.index,
    status: {
      waiting_for_env: !waitingForAgent,
      waiting_for_agent: waitingForAgent,
      env_input: waitingForAgent || session.request === undefined ? null : JSON.parse(session.request),
      env_output: waitingForAgent ? { index: null, status: "running", result: null, history } : null,
    },
  };
}

/** A request that was meant for another worker, say one that lived at this address before, is refused. */
function assertAddressed(request: IncomingMessage, name: string, incarnation: string): void {
  const meantTask = request.headers[headerNames.task];
  const meantIncarnation = request.headers[headerNames.incarnation];
  const isMeant =
    (meantTask === undefined || meantTask === encodeURIComponent(name)) &&
    (meantIncarnation === undefined || meantIncarnation === incarnation);
  if (!isMeant) throw new CodedError("WRONG_WORKER", `This worker hosts ${name} (${incarnation}); another was meant`);
}

/** Results that come as NDJSON reach the task one by one; any other body is left to the route. */
async function streamOverall(host: TaskHost, { request, response }: RequestContext): Promise<boolean> {
  if (!request.headers["content-type"]?.startsWith("application/x-ndjson")) return false;
  const overall = await host.task.calculateOverall(results(request));
  request.resume();
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(overall ?? null));
  return true;
}

const maxLineBytes = 64 * 1024 * 1024;

async function* results(request: IncomingMessage): AsyncGenerator<TaskOutput> {
  for await (const line of readJsonLines(request, maxLineBytes)) {
    const parsed = taskOutputSchema.safeParse(line);
    if (!parsed.success) throw new CodedError("VALIDATION", "a line of the body is not a sample's output");
    yield parsed.data;
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
