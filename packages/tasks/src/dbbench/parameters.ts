import { z } from "zod";

const serverProtocols = ["mysql:", "mariadb:"];

const databaseSchema = z
  .string()
  .refine(
    (text) => text === "sqlite" || (URL.canParse(text) && serverProtocols.includes(new URL(text).protocol)),
    'must be "sqlite" or an address such as mysql://user:password@host:3306/',
  );

/** Parameters of DBBench; v0.2's other keys are ignored. */
export const dbbenchParametersSchema = z.object({
  name: z.string().min(1).default("dbbench"),
  /** Sessions at once in one worker. */
  concurrency: z.int().min(1).default(8),
  data_file: z.string().min(1),
  /** How many statements an agent may run before it has to answer. */
  max_round: z.int().min(1).default(5),
  database: databaseSchema.default("sqlite"),
  /** Accepts a server's user with more rights than a worker needs. */
  allow_privileged: z.boolean().default(false),
  /** Seconds after which a statement is cut off; at most an hour, so that a timer can hold it. */
  statement_timeout_s: z.number().positive().max(3600).default(30),
  /** MiB that the embedded engine of one sample may take. */
  memory_limit_mb: z.int().min(16).max(1024).default(64),
});

export type DBBenchParameters = z.infer<typeof dbbenchParametersSchema>;

/** Parameters of the reference agent. */
export const referenceAgentParametersSchema = z.object({ data_file: z.string().min(1) });
