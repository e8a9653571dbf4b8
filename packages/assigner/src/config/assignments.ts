import type { PlanCell } from "../attempt/cell-plan.js";

/** One entry of `assignments`: every agent named, with every task named. */
export interface Assignment {
  agent: string | readonly string[];
  task: string | readonly string[];
  /** Smaller goes first; default 0. Equal for all unless a file says otherwise. */
  priority?: number | undefined;
}

/** Cells in the order of the file, each once: the first wins, and each further one is a warning. */
export function expandAssignments(assignments: readonly Assignment[]): { cells: PlanCell[]; warnings: string[] } {
  const cells = new Map<string, PlanCell>();
  const warnings: string[] = [];
  assignments.forEach((assignment, at) => {
    for (const agent of namesOf(assignment.agent)) {
      for (const task of namesOf(assignment.task)) {
        const key = JSON.stringify([agent, task]);
        if (cells.has(key)) warnings.push(`assignments[${at}] names agent ${agent} with task ${task} again: ignored`);
        else cells.set(key, { agent, task, priority: assignment.priority ?? 0 });
      }
    }
  });
  return { cells: [...cells.values()], warnings };
}

export function namesOf(names: string | readonly string[]): readonly string[] {
  return typeof names === "string" ? [names] : names;
}
