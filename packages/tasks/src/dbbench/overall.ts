import type { Json, TaskOutput } from "@eval/protocol/task";
import { type DBBenchSample, isWriteKind, kindOf } from "./data-set.js";
import { isCorrect } from "./score.js";

/** The kinds that v0.2 reports, in its order; other kinds of a data set follow. */
const knownKinds = [
  "other",
  "counting",
  "comparison",
  "ranking",
  "aggregation-SUM",
  "aggregation-MIN",
  "aggregation-MAX",
  "aggregation-AVG",
];

/** The categories whose mean is the task's figure. */
const categories = ["SELECT", "INSERT", "UPDATE"];

class Tally {
  #right = 0;
  #all = 0;

  add(correct: boolean): void {
    this.#right += Number(correct);
    this.#all += 1;
  }

  /** Null if nothing was counted: JSON has no NaN. */
  get share(): number | null {
    return this.#all === 0 ? null : this.#right / this.#all;
  }
}

/**
 * Accuracy for each kind and category, and the mean of the categories that occur. A sample without a result counts as
 * wrong.
 */
export async function calculateOverall(
  samples: readonly DBBenchSample[],
  results: AsyncIterable<TaskOutput>,
): Promise<Json> {
  const tallies = new Map([...knownKinds, ...categories].map((name) => [name, new Tally()]));
  for await (const output of results) {
    const sample = typeof output.index === "number" ? samples[output.index] : undefined;
    if (!sample) continue;
    const kind = kindOf(sample);
    for (const name of isWriteKind(kind) ? [kind] : new Set([kind, "SELECT"])) {
      const tally = tallies.get(name) ?? new Tally();
      tally.add(wasCorrect(sample, output.result));
      tallies.set(name, tally);
    }
  }
  const shares = [...tallies].map(([name, tally]) => [`${name}_accuracy`, tally.share]);
  return {
    ...Object.fromEntries(shares),
    overall_cat_accuracy: mean(categories.map((name) => tallies.get(name)?.share ?? null)),
    metric: "overall_cat_accuracy",
  };
}

/** Scored from the answer, so that results which v0.2 wrote count as well. */
function wasCorrect(sample: DBBenchSample, result: Json | undefined): boolean {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return false;
  return typeof result.answer === "string" && isCorrect(sample, result.answer);
}

function mean(shares: readonly (number | null)[]): number | null {
  const present = shares.filter((share) => share !== null);
  return present.length === 0 ? null : present.reduce((sum, share) => sum + share, 0) / present.length;
}
