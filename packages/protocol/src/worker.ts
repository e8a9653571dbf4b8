import { z } from "zod";
import { type SampleIndex, sampleIndexSchema, sampleIndicesSchema, taskOutputSchema } from "./sample.js";

/** The wire's numbers for a worker's liveness. */
export const workerLiveness = { alive: 0, coma: 1, dead: 2 } as const;

const heartbeatFields = z.object({
  name: z.string().min(1),
  address: z.string().min(1),
  concurrency: z.number().int().positive(),
  /** Left out only where {@link digestOfIndices} of them is given instead. */
  indices: sampleIndicesSchema.optional(),
  indices_digest: z.string().optional(),
  /** Random, made when the worker's process starts. */
  incarnation: z.string().optional(),
  /** Grows with every session that opens or closes. */
  sessions_version: z.number().int().nonnegative().optional(),
  /** How late the worker's main loop runs, in milliseconds. */
  loop_lag_ms: z.number().nonnegative().optional(),
  /** Sessions that the worker runs now. */
  current: z.number().int().nonnegative().optional(),
  /** True: the worker takes no new session and is about to leave. */
  draining: z.boolean().optional(),
  /** The task's own version, say a hash of its data. */
  version: z.string().optional(),
  /** False: the task's aggregate does not read histories, and they may be left out of the results for it. */
  overall_needs_history: z.boolean().optional(),
});

/** A worker's registration, sent every 8 s. All but name, address, concurrency and indices is ours. */
export const heartbeatSchema = heartbeatFields.refine(hasIndices, {
  path: ["indices"],
  message: "the indices, or the digest of indices that the controller knows, expected",
  // Reported together with other missing fields.
  when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
});

function hasIndices({ indices, indices_digest }: z.infer<typeof heartbeatFields>): boolean {
  return indices !== undefined || indices_digest !== undefined;
}

export type Heartbeat = z.infer<typeof heartbeatFields>;

/** With the indices: its own, or those that its digest stands for. */
export type WholeHeartbeat = Omit<Heartbeat, "indices"> & { indices: readonly SampleIndex[] };

/** Null: taken over. `need`: nothing was, until the heartbeat comes again with these fields. */
export const heartbeatReplySchema = z.object({ need: z.array(z.string()) }).nullable();

export type HeartbeatReply = z.infer<typeof heartbeatReplySchema>;

export const listedWorkerSchema = z.object({
  id: z.number().int(),
  address: z.string(),
  capacity: z.number().int(),
  current: z.number().int(),
  /** Seconds since the epoch. */
  last_visit: z.number(),
  status: z.number().int(),
  locked: z.boolean().default(false),
});

export const listedTaskSchema = z.object({
  indices: z.array(sampleIndexSchema),
  workers: z.record(z.string(), listedWorkerSchema),
  version: z.string().optional(),
  overall_needs_history: z.boolean().optional(),
});

export const workerListSchema = z.record(z.string(), listedTaskSchema);

export type ListedTask = z.infer<typeof listedTaskSchema>;
export type WorkerList = z.infer<typeof workerListSchema>;

export const sessionListSchema = z.record(
  z.string(),
  z.object({
    name: z.string(),
    index: sampleIndexSchema,
    /** Seconds since the epoch, both. */
    start: z.number(),
    last_update: z.number(),
    worker_id: z.number().int(),
    locked: z.boolean().default(false),
  }),
);

export type SessionList = z.infer<typeof sessionListSchema>;

/** get_sessions of a worker: session id -> index. */
export const workerSessionsSchema = z.record(z.string(), sampleIndexSchema);

/** A running session as our worker reports it: enough for a restarted controller to adopt it. */
export const reportedSessionSchema = z.object({
  index: sampleIndexSchema,
  /** Instance of the controller that opened it. */
  opened_by: z.string().optional(),
  owner: z.string().optional(),
  lease_s: z.number().positive().optional(),
});

/** worker_status. The optional fields are ours; the two of v0.2 stand first. */
export const workerStatusSchema = z.object({
  concurrency: z.number().int(),
  current: z.number().int(),
  name: z.string().optional(),
  incarnation: z.string().optional(),
  sessions_version: z.number().int().optional(),
  sessions: z.record(z.string(), reportedSessionSchema).optional(),
});

export type ReportedSession = z.infer<typeof reportedSessionSchema>;

export type WorkerStatus = z.infer<typeof workerStatusSchema>;

export const calculateOverallSchema = z.object({
  name: z.string(),
  results: z.array(taskOutputSchema),
});

export const healthSchema = z.object({ status: z.literal("ok"), version: z.string(), instance: z.string() });
