import { z } from "zod";
import type { PlanCell } from "../attempt/cell-plan.js";
import type { SampleLimits } from "../attempt/sample-limits.js";
import { type Assignment, expandAssignments, namesOf } from "./assignments.js";
import { ConfigReader, type EvaluationConfigProblem, isMapping, keysOf, valueAt } from "./config-reader.js";
import { type DispatchConfig, dispatchKeys, readDispatch } from "./dispatch-config.js";

/** A larger number is probably a mistake: each repetition has its own folders and plan. */
export const maxEpochs = 10_000;

/** The entry of an agent or a task under `definition`. Other keys of the entry are ignored, as in v0.2. */
export interface Definition {
  module: string;
  parameters: Record<string, unknown>;
}

/** A configuration for one evaluation, reduced to the agents and tasks of its assignments. */
export interface EvaluationConfig {
  agents: Map<string, Definition>;
  tasks: Map<string, Definition>;
  /** Samples in flight at once, by name; integers of at least 1. */
  concurrency: { agent: Map<string, number>; task: Map<string, number> };
  /** In the order of the file, without duplicates. */
  cells: PlanCell[];
  /** The output path with placeholders, see {@link expandOutput}. */
  output: string;
  dispatch: DispatchConfig;
  /** Repetitions of each sample; default 1. */
  epochs: number;
  limits: SampleLimits;
  /** Number of identical failures in a row that open a circuit; undefined if the file does not set it. */
  circuit: number | undefined;
  warnings: string[];
}

export type ParsedEvaluationConfig = { config: EvaluationConfig } | { problems: EvaluationConfigProblem[] };

const nameSchema = z.string().min(1, "a name must not be empty");
const namesSchema = z.union(
  [nameSchema, z.array(nameSchema).min(1, "must not be empty")],
  "must be a name or a list of names",
);
const assignmentSchema = z.object({
  agent: namesSchema,
  task: namesSchema,
  priority: z.number("must be a number").optional(),
});
export const definitionSchema = z.object({
  module: z.string("must be a string such as package#Export").min(1, "must not be empty"),
  parameters: z
    .record(z.string(), z.unknown(), "must be a mapping")
    .nullish()
    .transform((parameters) => parameters ?? {}),
});
const countSchema = z
  .number("must be a positive integer")
  .int("must be a positive integer")
  .positive("must be a positive integer");
const epochsSchema = countSchema.max(maxEpochs, `must be at most ${maxEpochs}`).default(1);
const circuitSchema = z
  .number("must be an integer of at least 0")
  .int("must be an integer of at least 0")
  .nonnegative("must be an integer of at least 0")
  .optional();
const secondsSchema = z.number("must be a number of seconds").positive("must be more than 0 seconds");
const outputSchema = z.string("must be a path").min(1, "must not be empty").default("output/{TIMESTAMP}");

const sides = ["agent", "task"] as const;
type Side = (typeof sides)[number];

/**
 * Checks a resolved assignment configuration and reports all its problems at once. Only the used definitions must be valid;
 * unknown keys are ignored.
 */
export function parseEvaluationConfig(raw: unknown): ParsedEvaluationConfig {
  if (!isMapping(raw)) return { problems: [{ path: [], message: "must be a mapping" }] };
  const reader = new EvaluationConfigReader(raw);
  const assignments = reader.assignments();
  const used = { agent: reader.used("agent", assignments), task: reader.used("task", assignments) };
  const config: EvaluationConfig = {
    agents: reader.definitions("agent", used.agent),
    tasks: reader.definitions("task", used.task),
    concurrency: { agent: reader.concurrency("agent", used.agent), task: reader.concurrency("task", used.task) },
    output: reader.read(["output"], outputSchema) ?? "",
    dispatch: readDispatch(reader, raw),
    epochs: reader.read(["epochs"], epochsSchema) ?? 1,
    limits: reader.limits(),
    circuit: reader.read(["circuit"], circuitSchema),
    ...expandAssignments(assignments.filter((assignment) => assignment !== undefined)),
  };
  config.warnings.push(...unknownKeys(raw));
  return reader.problems.length > 0 ? { problems: reader.problems } : { config };
}

const knownKeys: readonly string[] = [
  ...["definition", "concurrency", "assignments", "output", "epochs"],
  ...dispatchKeys,
  ...["sample_timeout", "max_turns", "circuit"],
  // Keys of the configuration language that may remain in the result.
  ...["import", "default", "overwrite"],
];

/** v0.2 ignores unknown keys, too; but an unknown key is probably a mistake. */
function unknownKeys(raw: Record<string, unknown>): string[] {
  const unknown = Object.keys(raw).filter((key) => !knownKeys.includes(key));
  return unknown.map((key) => `${key}: unknown setting; it is ignored`);
}

/** Reads the parts of an assignment configuration. */
class EvaluationConfigReader extends ConfigReader {
  /** One item per entry of the file; undefined for invalid entries. */
  assignments(): (Assignment | undefined)[] {
    const raw = this.raw.assignments;
    if (isMapping(raw)) return [this.read(["assignments"], assignmentSchema)];
    if (Array.isArray(raw) && raw.length > 0)
      return raw.map((_, at) => this.read(["assignments", at], assignmentSchema));
    this.report(["assignments"], "must be a list of {agent, task} with at least one entry");
    return [];
  }

  limits(): SampleLimits {
    const seconds = this.read(["sample_timeout"], secondsSchema.optional());
    const maxTurns = this.read(["max_turns"], countSchema.optional());
    return { timeoutMs: seconds === undefined ? undefined : seconds * 1000, maxTurns };
  }

  /** The defined names that the assignments use. */
  used(side: Side, assignments: readonly (Assignment | undefined)[]): string[] {
    const known = keysOf(valueAt(this.raw, ["definition", side]));
    const used = new Set<string>();
    assignments.forEach((assignment, at) => {
      for (const name of assignment === undefined ? [] : namesOf(assignment[side])) {
        if (known.includes(name)) used.add(name);
        else {
          const place = Array.isArray(this.raw.assignments) ? ["assignments", at, side] : ["assignments", side];
          this.report(place, `${side} ${name} is not defined; known: ${known.join(", ") || "none"}`);
        }
      }
    });
    return [...used];
  }

  definitions(side: Side, names: readonly string[]): Map<string, Definition> {
    return this.byName(names, (name) => this.read(["definition", side, name], definitionSchema));
  }

  concurrency(side: Side, names: readonly string[]): Map<string, number> {
    return this.byName(names, (name) => {
      const path = ["concurrency", side, name];
      if (valueAt(this.raw, path) !== undefined) return this.read(path, countSchema);
      this.report(path, `is missing: the maximum number of samples in flight for ${side} ${name}`);
      return undefined;
    });
  }
}

/**
 * Replaces `{TIMESTAMP}` (2024-01-31-23-59-59), `{TIMESTAMP_DATE}` (2024-01-31) and `{TIMESTAMP_TIME}` (23-59-59) with
 * `date` in local time.
 */
export function expandOutput(template: string, date: Date): string {
  const join = (...parts: number[]) => parts.map((part) => String(part).padStart(2, "0")).join("-");
  const day = join(date.getFullYear(), date.getMonth() + 1, date.getDate());
  const time = join(date.getHours(), date.getMinutes(), date.getSeconds());
  return template
    .replaceAll("{TIMESTAMP}", `${day}-${time}`)
    .replaceAll("{TIMESTAMP_DATE}", day)
    .replaceAll("{TIMESTAMP_TIME}", time);
}
