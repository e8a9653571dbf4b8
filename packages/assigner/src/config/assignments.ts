import type { PlanCell } from "../attempt/cell-plan.js";

/** One entry of `assignments`: pairs every listed agent with every listed task. */
export interface Assignment {
  agent: string | readonly string[];
  task: string | readonly string[];
  /** Smaller values start first; default 0, so that all are equal unless a file sets it. */
  priority?: number | undefined;
}

/** Cells in the order of the file, without duplicates: the first one wins, and each duplicate causes a warning. */
export function expandAssignments(assignments: readonly Assignment[]): { cells: PlanCell[]; warnings: string[] } {
  const cells = new Map<string, PlanCell>();
  const warnings: string[] = [];
  assignments.forEach((assignment, at) => {
    for (const agent of namesOf(assignment.agent)) {
      for (const task of namesOf(assignment.task)) {
        const key = JSON.stringify([agent, task]);
        if (cells.has(key)) warnings.push(`assignments[${at}] repeats agent ${agent} with task ${task}: ignored`);
        else cells.set(key, { agent, task, priority: assignment.priority ?? 0 });
      }
    }
  });
  return { cells: [...cells.values()], warnings };
}

export function namesOf(names: string | readonly string[]): readonly string[] {
  return typeof names === "string" ? [names] : names;
}
