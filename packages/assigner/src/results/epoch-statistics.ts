import type { Json, SampleIndex, TaskOutput } from "@eval/protocol";
import type { Overall } from "../attempt/overall.js";

/** One number over several epochs. */
export interface MetricSpread {
  mean: number;
  /** Sample standard deviation / square root of the number of epochs; null with one epoch. */
  standard_error: number | null;
  /** In the order of the epochs, for those whose overall contains the number. */
  values: number[];
}

/** The content of epochs.json: statistics over the overalls of a cell's complete epochs. */
export interface EpochStatistics {
  /** The epochs included, in order. */
  epochs: number[];
  /** For each epoch, the digest of its results. */
  results_sha256: string[];
  /** Numbers in the overalls, by path: `validation.completed`, `custom.accuracy`, ... */
  metrics: Record<string, MetricSpread>;
  /** By k; null if the task's results have no boolean or 0/1 `score`. */
  pass_at_k: Record<string, number> | null;
}

/** Every number in the overalls, with its mean and standard error. */
export function metricsOf(overalls: readonly Overall[]): Record<string, MetricSpread> {
  const values = new Map<string, number[]>();
  for (const { validation, custom } of overalls) {
    collectNumbers(validation, "validation", values);
    collectNumbers(custom, "custom", values);
  }
  return Object.fromEntries([...values].map(([path, numbers]) => [path, spreadOf(numbers)]));
}

export function spreadOf(values: number[]): MetricSpread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standard_error: count < 2 ? null : Math.sqrt(squares / (count - 1) / count), values };
}

function collectNumbers(value: Json, path: string, into: Map<string, number[]>): void {
  if (typeof value === "number" && Number.isFinite(value)) into.set(path, [...(into.get(path) ?? []), value]);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) collectNumbers(inner, `${path}.${key}`, into);
}

/**
 * The unbiased estimate that at least one of `k` attempts at a sample passes, if `passed` of `tries` did:
 * 1 - C(tries - passed, k) / C(tries, k). Source: M. Chen et al., "Evaluating Large Language Models Trained on Code", 2021.
 * @param k at most `tries`
 */
export function passAtK(tries: number, passed: number, k: number): number {
  if (tries - passed < k) return 1;
  let allFail = 1;
  for (let at = tries - passed + 1; at <= tries; at++) allFail *= 1 - k / at;
  return 1 - allFail;
}

/** Counts how often each sample passed over the epochs. */
export class PassCount {
  readonly #passed = new Map<SampleIndex, { tries: number; passed: number }>();
  #scored = false;
  #unscored = false;

  /** A result that is not `completed` counts as not passed. */
  add({ index, status, result }: TaskOutput): void {
    const score = scoreOf(result);
    if (score !== undefined) this.#scored = true;
    else if (status === "completed") this.#unscored = true;
    const key = index ?? "";
    const count = this.#passed.get(key) ?? { tries: 0, passed: 0 };
    this.#passed.set(key, { tries: count.tries + 1, passed: count.passed + (score ?? 0) });
  }

  /** The mean over the samples, for k = 1 to the smallest number of tries of a sample; null if a completed result has no score. */
  passAtK(): Record<string, number> | null {
    if (!this.#scored || this.#unscored) return null;
    const counts = [...this.#passed.values()];
    // Not Math.min(...): there may be more samples than a call can have arguments.
    const most = counts.reduce((least, { tries }) => Math.min(least, tries), Number.POSITIVE_INFINITY);
    const estimates: Record<string, number> = {};
    for (let k = 1; k <= most; k++) {
      const sum = counts.reduce((total, { tries, passed }) => total + passAtK(tries, passed, k), 0);
      estimates[k] = sum / counts.length;
    }
    return estimates;
  }
}

/** The `score` of a result: true or 1, false or 0. */
function scoreOf(result: Json): 0 | 1 | undefined {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return undefined;
  const { score } = result;
  if (score === true || score === 1) return 1;
  return score === false || score === 0 ? 0 : undefined;
}
