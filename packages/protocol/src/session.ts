import { z } from "zod";
import { agentOutputSchema } from "./message.js";
import { sampleIndexSchema, taskOutputSchema } from "./sample.js";

/** A session's name on the wire: an unguessable integer of at most 53 bits. v0.2 counts from 0. */
export const sessionIdSchema = z.number().int();

export type SessionId = z.infer<typeof sessionIdSchema>;

/** 1, 2, 3, ... of one session. */
const turnSchema = z.number().int().positive();

/** Seconds that a session outlives its owner's last sign of life. */
const leaseSchema = z.number().positive().max(86_400);

/** How long a reply may be held back, in milliseconds, before `pending` is answered. */
const waitSchema = z.number().int().nonnegative().max(600_000);

/** What our clients add to a start; each field is absent from a v0.2 client. */
const startExtensions = {
  /** 128 random bits as hex. The same id again finds the session of the first try. */
  request_id: z.string().min(8).max(128).optional(),
  /**
   * `<run id>/<client instance>` or `<run id>/<client instance>/<runner>`: whose lease keeps the session alive. Another
   * instance of the run takes over from all owners of the earlier ones.
   */
  owner: z.string().min(1).max(256).optional(),
  lease_s: leaseSchema.optional(),
};

/** start_sample, client to controller. */
export const startSampleSchema = z.object({
  name: z.string(),
  index: sampleIndexSchema,
  ...startExtensions,
});

/** start_sample, controller to worker. */
export const workerStartSampleSchema = z.object({
  index: sampleIndexSchema,
  session_id: sessionIdSchema,
  ...startExtensions,
});

export const interactSchema = z.object({
  session_id: sessionIdSchema,
  agent_response: agentOutputSchema,
  turn: turnSchema.optional(),
  wait_ms: waitSchema.optional(),
});

/** Reply of start_sample and interact. The optional fields are ours; v0.2 sends the first two. */
export const sessionReplySchema = z.object({
  session_id: sessionIdSchema,
  output: taskOutputSchema,
  /** What may be relied on over all hops of this session (start_sample only). */
  features: z.array(z.string()).optional(),
  /** The turn that this answers; 0 is the start. */
  turn: z.number().int().nonnegative().optional(),
  /** True: the turn is still being executed; ask again with the same turn. */
  pending: z.boolean().optional(),
});

export const sessionRefSchema = z.object({ session_id: sessionIdSchema });

/** Reply of cancel. `pending` is ours: the task has not ended yet, and the session still holds its capacity. */
export const cancelReplySchema = sessionRefSchema.extend({ pending: z.boolean().optional() });

export const renewSchema = z.object({ owner: z.string().min(1).max(256), lease_s: leaseSchema });

export const renewReplySchema = z.object({ sessions: z.number().int() });

/** sample_status: what a session waits for, with v0.2's four flags. */
export const sampleStatusReplySchema = z.object({
  session_id: sessionIdSchema,
  index: sampleIndexSchema,
  status: z.object({
    waiting_for_env: z.boolean(),
    waiting_for_agent: z.boolean(),
    env_input: agentOutputSchema.nullable(),
    env_output: taskOutputSchema.nullable(),
  }),
});

export type StartSample = z.infer<typeof startSampleSchema>;
export type WorkerStartSample = z.infer<typeof workerStartSampleSchema>;
export type Interact = z.infer<typeof interactSchema>;
export type SessionReply = z.infer<typeof sessionReplySchema>;
export type Renew = z.infer<typeof renewSchema>;
