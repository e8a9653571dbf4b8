import { CallFailure, type Check, Mismatch, Skip } from "./check.js";
import { printable } from "./expectation.js";
import type { CheckResult } from "./report.js";

export interface RunChecksOptions {
  /** Ends the sessions that a check has left open. */
  afterEach: () => Promise<void>;
  destructive: boolean;
  /** Returns why the remaining checks are pointless; called before every check. */
  hopeless: () => string | undefined;
  /** Called with each result as soon as it is known. */
  onResult?: ((result: CheckResult) => void) | undefined;
  /** Ends the run; the check that it interrupts has no result. */
  signal?: AbortSignal | undefined;
}

/** Runs the checks in order. A failed check only prevents those that depend on it. */
export async function runChecks<Context>(
  checks: readonly Check<Context>[],
  context: Context,
  options: RunChecksOptions,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    if (options.signal?.aborted) break;
    const start = performance.now();
    const obstacle = obstacleOf(check, results, options);
    const outcome = obstacle === undefined ? await outcomeOf(check, context) : skipped(obstacle);
    await options.afterEach();
    if (options.signal?.aborted) break;
    const ms = Math.round(performance.now() - start);
    const result = { id: check.id, title: check.title, ...outcome, ms };
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

function obstacleOf<Context>(
  { destructive, needs = [] }: Check<Context>,
  results: readonly CheckResult[],
  options: RunChecksOptions,
): string | undefined {
  if (destructive && !options.destructive) return "it ends all sessions; use --destructive to run it";
  const missing = needs.find((need) => results.find(({ id }) => id === need)?.outcome !== "ok");
  return missing === undefined ? options.hopeless() : `it requires ${missing}, which did not pass`;
}

type Outcome = Pick<CheckResult, "outcome" | "note" | "reason" | "expected" | "received">;

function skipped(reason: string): Outcome {
  return { outcome: "skipped", reason };
}

async function outcomeOf<Context>(check: Check<Context>, context: Context): Promise<Outcome> {
  try {
    const note = await check.run(context);
    return typeof note === "string" ? { outcome: "ok", note } : { outcome: "ok" };
  } catch (error) {
    if (error instanceof Skip) return skipped(error.message);
    if (error instanceof Mismatch) {
      return { outcome: "failed", expected: printable(error.expected), received: printable(error.received) };
    }
    if (error instanceof CallFailure) {
      return { outcome: "failed", expected: "an answer", received: printable(error.message) };
    }
    throw error;
  }
}
