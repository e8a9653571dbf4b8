import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  CodedError,
  headerNames,
  isCodedError,
  messageOf,
  type SessionReply,
  type TaskOutput,
  taskOutputSchema,
  workerRoutes,
} from "@eval/protocol";
import { createFront, type Handlers, RawReply, type RequestContext, readJsonLines } from "@eval/protocol/http-server";
import type { Logger } from "@eval/protocol/logger";
import type { Contact } from "./contact.js";
import { inV02Words } from "./session-reply.js";
import type { TaskHost } from "./task-host.js";

export interface WorkerServerOptions {
  host: TaskHost;
  /** Random, made when this worker started; a controller uses it to distinguish two workers at one address. */
  incarnation: string;
  contact: Contact;
  logger: Logger;
  version: string;
  token?: string | undefined;
  /** Host names under which the worker is reached, in addition to loopback names and IP addresses. Default: none. */
  hostNames?: readonly string[] | undefined;
  maxBodyBytes?: number;
}

/** The worker's HTTP server. Does not listen. */
export function createWorkerServer(options: WorkerServerOptions): Server {
  const { host, incarnation, contact } = options;
  const front = createFront(workerRoutes, createHandlers(options), {
    instance: incarnation,
    logger: options.logger,
    token: options.token,
    hostNames: options.hostNames,
    ...(options.maxBodyBytes !== undefined && { maxBodyBytes: options.maxBodyBytes }),
    guard: (request) => {
      assertAddressed(request, host.task.name, incarnation);
      // Any client may request the health; other routes are for the controller.
      if (request.url !== workerRoutes.health.path) contact.touch();
    },
    replyHeaders: () => [headerNames.sessions, `${host.sessionsVersion};${host.current}`],
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
    startSample: ({ session_id, index, request_id, owner, lease_s }, { peer }) => {
      const leaseMs = lease_s === undefined ? undefined : lease_s * 1000;
      const ownership = { openedBy: peer.instance, owner, leaseMs, replay: request_id !== undefined };
      return sessionReply(host.start(session_id, index, ownership), peer.instance);
    },
    interact: (request, { peer }) => sessionReply(host.interact(request), peer.instance),
    cancel: async ({ session_id }, { peer }) => {
      const reply = await host.cancel(session_id);
      return peer.instance === undefined ? { session_id } : reply;
    },
    cancelAll: () => host.cancelAll(),
    calculateOverall: ({ results }) => calculateOverall(host, each(results)),
    health: () => ({ status: "ok", version, instance: incarnation }),
  };
}

/** v0.2 peers get v0.2's two fields and words. Our peers also get a header, so that a router need not parse the body. */
async function sessionReply(coming: Promise<SessionReply>, instance: string | undefined): Promise<RawReply> {
  if (instance === undefined) {
    const { session_id, output } = await coming.catch((error) => Promise.reject(inV02Words(error)));
    return new RawReply(200, JSON.stringify({ session_id, output }));
  }
  const reply = await coming;
  const state = reply.pending ? "pending" : reply.output.status === "running" ? "running" : "finished";
  return new RawReply(200, JSON.stringify(reply), { [headerNames.state]: state });
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

/** Rejects a request for another worker, for example an earlier worker at this address. */
function assertAddressed(request: IncomingMessage, name: string, incarnation: string): void {
  const meantTask = request.headers[headerNames.task];
  const meantIncarnation = request.headers[headerNames.incarnation];
  const isMeant =
    (meantTask === undefined || meantTask === encodeURIComponent(name)) &&
    (meantIncarnation === undefined || meantIncarnation === incarnation);
  if (!isMeant)
    throw new CodedError(
      "WRONG_WORKER",
      `This worker hosts ${name} (${incarnation}); the request is for another worker`,
    );
}

/** Results in NDJSON are passed to the task one by one; any other body is handled by the route. */
function streamOverall(host: TaskHost, { request }: RequestContext): Promise<unknown> | undefined {
  if (!request.headers["content-type"]?.startsWith("application/x-ndjson")) return undefined;
  return calculateOverall(host, results(request));
}

/** Calculates the task's overall. An error of the task is sent to the caller. */
async function calculateOverall({ task }: TaskHost, outputs: AsyncIterable<TaskOutput>): Promise<unknown> {
  try {
    return await task.calculateOverall(outputs);
  } catch (error) {
    if (isCodedError(error)) throw error;
    const message = `calculateOverall of ${task.name} failed: ${messageOf(error)}`;
    throw new CodedError("TASK_ERROR", message, { status: 500, cause: error });
  }
}

const maxLineBytes = 64 * 1024 * 1024;

async function* results(request: IncomingMessage): AsyncGenerator<TaskOutput> {
  // A task may stop reading early, or throw: the connection must stay open for the answer.
  const chunks = request.iterator({ destroyOnReturn: false });
  for await (const line of readJsonLines(chunks, maxLineBytes)) {
    const parsed = taskOutputSchema.safeParse(line);
    if (!parsed.success) throw new CodedError("VALIDATION", "a line of the body is not a sample's output");
    yield parsed.data;
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
