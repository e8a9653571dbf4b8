import { z } from "zod";
import { sampleIndexSchema } from "./sample.js";
import {
  cancelReplySchema,
  interactSchema,
  renewReplySchema,
  renewSchema,
  sampleStatusReplySchema,
  sessionRefSchema,
  sessionReplySchema,
  startSampleSchema,
  workerStartSampleSchema,
} from "./session.js";
import {
  calculateOverallSchema,
  healthSchema,
  heartbeatReplySchema,
  heartbeatSchema,
  sessionListSchema,
  workerListSchema,
  workerSessionsSchema,
  workerStatusSchema,
} from "./worker.js";

/** One route: what the typed client and the server binding are made from. */
export interface Route<Request extends z.ZodType = z.ZodType, Response extends z.ZodType = z.ZodType> {
  method: "GET" | "POST";
  path: string;
  /** Shape of the query (GET) or the body (POST). */
  request: Request;
  response: Response;
  /** True: served in front of Express. */
  hot?: boolean;
}

export type RouteTable = Record<string, Route>;
export type RequestOf<R extends Route> = z.output<R["request"]>;
export type RequestInput<R extends Route> = z.input<R["request"]>;
export type ResponseOf<R extends Route> = z.output<R["response"]>;

/** No request: whatever is sent is ignored, JSON or not (v0.2's cancel_all comes with an empty octet stream). */
export const nothing = z.unknown();
const done = z.null();
const anyJson = z.unknown();

export const controllerRoutes = {
  listWorkers: {
    method: "GET",
    path: "/api/list_workers",
    /** Ours: `indices=0` leaves the lists of indices out. */
    request: z.object({ indices: z.enum(["0", "1"]).optional() }),
    response: workerListSchema,
  },
  listSessions: { method: "GET", path: "/api/list_sessions", request: nothing, response: sessionListSchema },
  getIndices: {
    method: "GET",
    path: "/api/get_indices",
    request: z.object({ name: z.string() }),
    response: z.array(sampleIndexSchema),
  },
  startSample: {
    method: "POST",
    path: "/api/start_sample",
    request: startSampleSchema,
    response: sessionReplySchema,
    hot: true,
  },
  interact: { method: "POST", path: "/api/interact", request: interactSchema, response: sessionReplySchema, hot: true },
  cancel: { method: "POST", path: "/api/cancel", request: sessionRefSchema, response: cancelReplySchema },
  renew: { method: "POST", path: "/api/renew", request: renewSchema, response: renewReplySchema },
  cancelAll: { method: "POST", path: "/api/cancel_all", request: nothing, response: done },
  syncAll: { method: "POST", path: "/api/sync_all", request: nothing, response: done },
  cleanSession: { method: "POST", path: "/api/clean_session", request: nothing, response: done },
  cleanWorker: { method: "POST", path: "/api/clean_worker", request: nothing, response: done },
  receiveHeartbeat: {
    method: "POST",
    path: "/api/receive_heartbeat",
    request: heartbeatSchema,
    response: heartbeatReplySchema,
    hot: true,
  },
  calculateOverall: {
    method: "POST",
    path: "/api/calculate_overall",
    request: calculateOverallSchema,
    response: anyJson,
  },
  health: { method: "GET", path: "/health", request: nothing, response: healthSchema },
} as const satisfies RouteTable;

export const workerRoutes = {
  getIndices: { method: "GET", path: "/api/get_indices", request: nothing, response: z.array(sampleIndexSchema) },
  getSessions: { method: "GET", path: "/api/get_sessions", request: nothing, response: workerSessionsSchema },
  workerStatus: { method: "GET", path: "/api/worker_status", request: nothing, response: workerStatusSchema },
  sampleStatus: {
    method: "POST",
    path: "/api/sample_status",
    request: sessionRefSchema,
    response: sampleStatusReplySchema,
  },
  startSample: {
    method: "POST",
    path: "/api/start_sample",
    request: workerStartSampleSchema,
    response: sessionReplySchema,
    hot: true,
  },
  interact: { method: "POST", path: "/api/interact", request: interactSchema, response: sessionReplySchema, hot: true },
  cancel: { method: "POST", path: "/api/cancel", request: sessionRefSchema, response: cancelReplySchema },
  cancelAll: { method: "POST", path: "/api/cancel_all", request: nothing, response: done },
  calculateOverall: {
    method: "POST",
    path: "/api/calculate_overall",
    request: calculateOverallSchema,
    response: anyJson,
  },
  health: { method: "GET", path: "/health", request: nothing, response: healthSchema },
} as const satisfies RouteTable;
