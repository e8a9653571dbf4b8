import { type ErrorCode, errorTable } from "@eval/protocol";
import { z } from "zod";

/** An error as it travels. With a code it is an error of the table. */
const wireErrorSchema = z.object({
  code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).optional(),
  message: z.string(),
});

/** What a runner's process says. Code of the user runs there, too, and may say anything: what does not fit is dropped. */
export const fromRunnerSchema = z.discriminatedUnion("type", [
  /** Its event loop turns. */
  z.object({ type: z.literal("alive") }),
  /** The runner is made, with all that it needs. */
  z.object({ type: z.literal("ready") }),
  /** A message for the centre; answered by `reply` or `refusal` with the same id. */
  z.object({ type: z.literal("request"), id: z.number(), message: z.unknown() }),
  z.object({
    type: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  }),
  /** The runner has ended; the process ends, too. */
  z.object({ type: z.literal("done") }),
  /** It could not be made, or its run threw; the process ends, too. */
  z.object({ type: z.literal("failed"), error: wireErrorSchema }),
]);

/** What a runner's process is told, in this order: `build`, then `run`; the others at any time behind. */
export type ToRunner =
  /**
   * Where the runner's class is, its id, what is sent to it, how often it says that it lives (milliseconds), and the
   * process that it does not outlive.
   */
  | { type: "build"; module: string; export: string; id: string; param: unknown; beatMs: number; parent: number }
  | { type: "run" }
  | { type: "reply"; id: number; value: unknown }
  | { type: "refusal"; id: number; error: WireError }
  /** Ends what runs. */
  | { type: "stop"; reason: string };

export type WireError = z.infer<typeof wireErrorSchema>;

export type FromRunner = z.infer<typeof fromRunnerSchema>;
