import { type ErrorCode, errorTable } from "@eval/protocol";
import { z } from "zod";

/** An error as a message. With a code, it is an error of the error table. */
const wireErrorSchema = z.object({
  code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).optional(),
  message: z.string(),
});

/** A message from a runner's process. User code runs there and may send anything: invalid messages are ignored. */
export const fromRunnerSchema = z.discriminatedUnion("type", [
  /** Sent periodically while the event loop is not blocked. */
  z.object({ type: z.literal("alive") }),
  /** The runner is created, with everything it needs. */
  z.object({ type: z.literal("ready") }),
  /** A message for the center; answered by `reply` or `refusal` with the same id. */
  z.object({ type: z.literal("request"), id: z.number(), message: z.unknown() }),
  z.object({
    type: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  }),
  /** The runner has ended; the process exits. */
  z.object({ type: z.literal("done") }),
  /** The runner could not be created, or its run threw; the process exits. */
  z.object({ type: z.literal("failed"), error: wireErrorSchema }),
]);

/** A message to a runner's process: first `build`, then `run`; the others at any later time. */
export type ToRunner =
  /**
   * The location of the runner's class, its id, its parameter, the interval of `alive` messages (milliseconds), and the
   * process that it must not outlive.
   */
  | { type: "build"; module: string; export: string; id: string; param: unknown; beatMs: number; parent: number }
  | { type: "run" }
  | { type: "reply"; id: number; value: unknown }
  | { type: "refusal"; id: number; error: WireError }
  /** Ends the running attempts. */
  | { type: "stop"; reason: string };

export type WireError = z.infer<typeof wireErrorSchema>;

export type FromRunner = z.infer<typeof fromRunnerSchema>;
