import Table from "cli-table3";
import type { CapacityReading } from "../attempt/capacity-reading.js";
import type { CellPlan, ExcludedSample, PlannedSample } from "../attempt/cell-plan.js";

/** Why samples will not run. */
export type ExclusionReason = "done" | ExcludedSample["reason"];

/** One assignment: an agent x task pair. */
export interface PlannedAssignment {
  agent: string;
  task: string;
  priority: number;
  /** Samples x epochs; null if the task's indices could not be read. */
  total: number | null;
  /** Samples with a result in runs.jsonl. */
  done: number;
  remaining: number | null;
  /** Excluded samples by reason. They are listed unless the reason is `done`. */
  excluded: { reason: ExclusionReason; count: number; samples?: PlannedSample[] }[];
  /** Why nothing remains, or why the remaining samples are unknown; null if samples remain. */
  why: string | null;
}

/** The content of `plan.json`: the findings of the runner `dummy`. */
export interface PlanReport {
  /** ISO 8601. */
  written_at: string;
  runner: "dummy";
  assignments: PlannedAssignment[];
  capacity: {
    /** As configured. */
    agent: Record<string, number>;
    /** `workers` and `free` as reported by the task's controller; null if it could not be read. */
    task: Record<string, { configured: number; controller: string; workers: number | null; free: number | null }>;
  };
}

/** @param isComplete whether the cell has a valid overall.json: its task's indices are not requested then */
export function describeCell(plan: CellPlan, isComplete: boolean): PlannedAssignment {
  const { agent, task, priority, total, done, remaining } = plan;
  const excluded = done > 0 ? [{ reason: "done" as const, count: done }] : [];
  const named = (["failed before", "not in task"] as const).flatMap((reason) => {
    const samples = plan.excluded.filter((sample) => sample.reason === reason);
    if (samples.length === 0) return [];
    return [{ reason, count: samples.length, samples: samples.map(({ index, epoch }) => ({ index, epoch })) }];
  });
  const left = remaining.length;
  const why = left > 0 ? null : whyNothing(plan, isComplete);
  return { agent, task, priority, total, done, remaining: left, excluded: [...excluded, ...named], why };
}

/** Describes a cell whose task's indices could not be read. */
export function describeUnknown(
  { agent, task, priority }: Pick<CellPlan, "agent" | "task" | "priority">,
  done: number,
  why: string,
): PlannedAssignment {
  const excluded = done > 0 ? [{ reason: "done" as const, count: done }] : [];
  return {
    agent,
    task,
    priority,
    total: null,
    done,
    remaining: null,
    excluded,
    why: `its samples are unknown: ${why}`,
  };
}

export function describeCapacity(
  configured: { agent: ReadonlyMap<string, number>; task: ReadonlyMap<string, number> },
  controllers: ReadonlyMap<string, { address: string }>,
  readings: ReadonlyMap<string, CapacityReading>,
): PlanReport["capacity"] {
  const task = [...configured.task].map(([name, count]) => {
    const { workers = null, free = null } = readings.get(name) ?? {};
    return [name, { configured: count, controller: controllers.get(name)?.address ?? "", workers, free }] as const;
  });
  return { agent: Object.fromEntries(configured.agent), task: Object.fromEntries(task) };
}

/** Two tables, and a note for each assignment that needs one. */
export function renderPlan({ assignments, capacity }: PlanReport): string {
  const cells = tableOf(["agent", "task", "samples", "done", "excluded", "remaining"], 2);
  for (const { agent, task, total, done, excluded, remaining } of assignments) {
    const others = excluded.filter(({ reason }) => reason !== "done").reduce((sum, { count }) => sum + count, 0);
    cells.push([agent, task, total ?? "?", done, others, remaining ?? "?"].map(String));
  }
  const capacities = tableOf(["capacity of", "", "configured", "workers", "free at the controller"], 2);
  for (const [name, count] of Object.entries(capacity.agent)) capacities.push(["agent", name, String(count), "", ""]);
  for (const [name, { configured, workers, free }] of Object.entries(capacity.task)) {
    capacities.push(["task", name, ...[configured, workers ?? "?", free ?? "?"].map(String)]);
  }
  const notes = assignments.flatMap(notesOf);
  return [cells.toString(), capacities.toString(), ...notes].join("\n");
}

function notesOf({ agent, task, excluded, why }: PlannedAssignment): string[] {
  const named = excluded.filter(({ reason }) => reason !== "done");
  const notes = named.map(({ reason, count }) => `${count} ${explanations[reason as ExcludedSample["reason"]]}`);
  if (why !== null) notes.push(why);
  return notes.map((note) => `${agent} / ${task}: ${note}`);
}

const explanations = {
  "failed before": "samples have only failed so far, and are not retried (--keep-failed)",
  "not in task": "recorded samples are no longer in the task; they are kept, but do not count in the overall",
} as const satisfies Record<ExcludedSample["reason"], string>;

function whyNothing({ total, done, excluded }: CellPlan, isComplete: boolean): string {
  if (isComplete) return `nothing is left to run: all ${done} samples have a result, and overall.json exists`;
  if (total === 0) return "nothing is left to run: the workers report that the task has no samples";
  const kept = excluded.filter(({ reason }) => reason === "failed before").length;
  const failed = kept > 0 ? `, ${kept} failed and are not retried` : "";
  return `nothing is left to run: ${done} of ${total} samples have a result${failed}`;
}

function tableOf(head: string[], left: number) {
  const colAligns = head.map((_, at) => (at < left ? "left" : "right") as "left" | "right");
  return new Table({ head, colAligns, style: { head: [], border: [] } });
}
