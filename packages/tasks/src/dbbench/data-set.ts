import { createHash } from "node:crypto";
import { CodedError } from "@eval/protocol";
import { z } from "zod";
import type { DataFile } from "../data-file.js";

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** One line of a data file, in v0.2's format. Unknown keys are ignored. */
const sampleSchema = z
  .object({
    description: z.string(),
    add_description: z.string().default(""),
    type: z.array(z.string()).min(1),
    table: z.object({
      table_name: z.string(),
      table_info: z.object({
        columns: z.array(z.object({ name: z.string() })).min(1),
        rows: z.array(z.array(cellSchema)),
      }),
    }),
    label: z.array(cellSchema),
    answer_md5: z.string().optional(),
    sql: z.object({ query: z.string() }).optional(),
  })
  .refine((sample) => !isWriteKind(sample.type[0]) || sample.answer_md5 !== undefined, {
    path: ["answer_md5"],
    message: "is required where the type is INSERT, UPDATE or DELETE",
  });

export type Cell = z.infer<typeof cellSchema>;
export type DBBenchSample = z.infer<typeof sampleSchema>;
export type SampleTable = DBBenchSample["table"];

/** True for the kinds that are scored by what they leave in the table, not by what the agent answers. */
export function isWriteKind(kind: string | undefined): boolean {
  return kind === "INSERT" || kind === "UPDATE" || kind === "DELETE";
}

/** The kind of a sample, such as `counting` or `INSERT`: the first of its types. */
export function kindOf(sample: DBBenchSample): string {
  return sample.type[0] ?? "other";
}

/** Reads a data file: one JSON object a line, blank lines skipped. Every malformed line is reported at once. */
export function parseDataSet(file: DataFile): DBBenchSample[] {
  const samples: DBBenchSample[] = [];
  const problems: string[] = [];
  for (const [index, line] of file.bytes.toString("utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    const read = readLine(line);
    if (typeof read === "string") problems.push(`  ${file.path}:${index + 1}: ${read}`);
    else samples.push(read);
  }
  if (samples.length === 0 && problems.length === 0) problems.push(`  ${file.path}: it contains no samples`);
  if (problems.length > 0) {
    const shown = problems.slice(0, 20).join("\n");
    throw new CodedError("CONFIG_INVALID", `The data file is malformed in ${problems.length} place(s):\n${shown}`);
  }
  return samples;
}

/** The sample of a line, or what is wrong with it. */
function readLine(line: string): DBBenchSample | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
  const read = sampleSchema.safeParse(json);
  if (read.success) return read.data;
  return read.error.issues.map((issue) => `${issue.path.join(".") || "line"}: ${issue.message}`).join("; ");
}

/** Names the content of a data file: the first 16 hex digits of its SHA-256. */
export function dataVersion(file: DataFile): string {
  return createHash("sha256").update(file.bytes).digest("hex").slice(0, 16);
}
