import { z } from "zod";
import { messageSchema } from "./message.js";

/** Names one sample inside its task. Never coerced: `"5"` and `5` are different samples. */
export const sampleIndexSchema = z.union([z.number().int(), z.string()], "a string or an integer expected");

export type SampleIndex = z.infer<typeof sampleIndexSchema>;

/**
 * All indices of a task. A list is looked at in one go, since it may be long and comes with every heartbeat of a v0.2
 * worker; only a wrong one is taken apart, to say where it is wrong.
 */
export const sampleIndicesSchema = z.custom<SampleIndex[]>().check(({ value, issues }) => {
  if (Array.isArray(value) && value.every((index) => typeof index === "string" || Number.isSafeInteger(index))) return;
  const { error } = z.array(sampleIndexSchema).safeParse(value);
  for (const issue of error?.issues ?? []) issues.push({ ...issue, input: value } as (typeof issues)[number]);
});

/** Every status a sample can have; all but `running` are final. */
export const sampleStatuses = [
  "running",
  "completed",
  "agent context limit",
  "agent validation failed",
  "agent invalid action",
  "task limit reached",
  "unknown",
  "task error",
] as const;

export const sampleStatusSchema = z.enum(sampleStatuses);

export type SampleStatus = z.infer<typeof sampleStatusSchema>;

/** A JSON value, as a task returns it and as the journal holds it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * A session as the outside sees it. While it runs, `index` and `result` are null and `history` ends with a user
 * message; when it is finished, `index` is set and `history` is whole.
 */
export const taskOutputSchema = z.object({
  index: sampleIndexSchema.nullish().default(null),
  status: sampleStatusSchema.default("running"),
  result: z
    .unknown()
    .optional()
    .transform((value) => (value ?? null) as Json),
  history: z.array(messageSchema).nullish().default(null),
});

export type TaskOutput = z.infer<typeof taskOutputSchema>;
