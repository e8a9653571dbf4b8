import { CodedError } from "@eval/protocol";
import type { z } from "zod";

/** Reads a definition's parameters. Every problem is reported at once, with its key. Unknown keys are ignored. */
export function readParameters<Schema extends z.ZodType>(
  owner: string,
  schema: Schema,
  parameters: unknown,
): z.infer<Schema> {
  const read = schema.safeParse(parameters ?? {});
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => `  ${["parameters", ...issue.path].join(".")}: ${issue.message}`);
  throw new CodedError("CONFIG_INVALID", `The parameters of ${owner} are not valid:\n${problems.join("\n")}`);
}
