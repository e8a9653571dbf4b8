import type { Json } from "@eval/protocol";
import { knownTaskOf } from "./known-tasks.js";

export interface MainMetric {
  name: string;
  value: number;
}

/** Usual keys of the main metric in tasks with other names, the most meaningful first. */
const usualMetrics = [
  "overall_cat_accuracy",
  "overall.acc",
  "overall.success_rate",
  "accuracy",
  "success_rate",
  "main",
];

/**
 * The main metric of an agent's results on a task: the one that the task names in `custom.metric` (a key of `custom`,
 * with dots for nested keys), else v0.2's metric for a task of this name, else the first of the usual ones; undefined if
 * `custom` has none of them.
 */
export function mainMetric(task: string, custom: Json | undefined): MainMetric | undefined {
  const hint = valueAt(custom, "metric");
  const hinted = typeof hint === "string" ? numberAt(custom, [hint]) : undefined;
  if (hinted !== undefined) return hinted;
  const { metrics = [], divisor = 1 } = knownTaskOf(task) ?? {};
  const known = numberAt(custom, metrics);
  if (known !== undefined) return { name: known.name, value: known.value / divisor };
  return numberAt(custom, usualMetrics);
}

function numberAt(custom: Json | undefined, names: readonly string[]): MainMetric | undefined {
  for (const name of names) {
    const value = valueAt(custom, name);
    if (typeof value === "number") return { name, value };
  }
  return undefined;
}

/** The value of the key itself, else of the path of keys separated by dots. */
function valueAt(root: Json | undefined, path: string): Json | undefined {
  if (typeof root !== "object" || root === null || Array.isArray(root)) return undefined;
  if (Object.hasOwn(root, path)) return root[path];
  const dot = path.indexOf(".");
  if (dot < 0 || !Object.hasOwn(root, path.slice(0, dot))) return undefined;
  return valueAt(root[path.slice(0, dot)], path.slice(dot + 1));
}
