/** One of v0.2's own tasks, with the settings of v0.2's analysis. */
export interface KnownTask {
  /** Matched against the task's name in lower case. */
  name: RegExp;
  /** Keys of the main metric in `custom`; the first existing one counts. Dots separate nested keys. */
  metrics: readonly string[];
  /** Divisor of the number. Default 1. */
  divisor?: number;
  /** The task's position among the columns of a comparison, from the left. */
  place: number;
}

/** In the order of matching. Source: AgentBench v0.2, src/analysis.py. */
const knownTasks: readonly KnownTask[] = [
  { name: /card|^d?cg/, metrics: ["score", "win_rate"], place: 4 },
  { name: /^alf/, metrics: ["overall.success_rate"], place: 6 },
  { name: /^(os|operating)/, metrics: ["overall.acc"], place: 1 },
  { name: /^(db|database)/, metrics: ["overall_cat_accuracy"], place: 2 },
  { name: /^(kg|knowledge)/, metrics: ["main"], place: 3 },
  { name: /^(ltp|literal)/, metrics: ["main"], place: 5 },
  { name: /^(m2w|mind2web)/, metrics: ["step_sr"], divisor: 100, place: 8 },
  { name: /^(ws|webshop)/, metrics: ["reward"], place: 7 },
];

export function knownTaskOf(task: string): KnownTask | undefined {
  const name = task.toLowerCase();
  return knownTasks.find((known) => known.name.test(name));
}
