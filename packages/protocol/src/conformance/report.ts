import type { Check } from "./check.js";

/** What came of one check. */
export interface CheckResult {
  id: string;
  title: string;
  outcome: "ok" | "failed" | "skipped";
  /** Of `ok`: which of several allowed behaviors was seen. */
  note?: string;
  /** Of `skipped`. */
  reason?: string;
  /** Of `failed`: what the contract demands, and what came. */
  expected?: string;
  received?: string;
  /** How long it took, in milliseconds. */
  ms: number;
}

export interface ConformanceReport {
  role: "controller" | "worker";
  /** Without credentials. */
  url: string;
  /** True if nothing failed and nothing of {@link unchecked} is missing; other skipped checks do not count. */
  ok: boolean;
  /** Required checks that could not run: without them, the report cannot say whether the contract is kept. */
  unchecked: string[];
  counts: Record<CheckResult["outcome"], number>;
  checks: CheckResult[];
}

/** @param demands the checks that were to be made */
export function reportOf(
  role: ConformanceReport["role"],
  url: string,
  checks: CheckResult[],
  demands: readonly Pick<Check<never>, "id" | "required">[],
): ConformanceReport {
  const count = (outcome: CheckResult["outcome"]) => checks.filter((check) => check.outcome === outcome).length;
  const counts = { ok: count("ok"), failed: count("failed"), skipped: count("skipped") };
  const made = new Set(checks.filter(({ outcome }) => outcome !== "skipped").map(({ id }) => id));
  const unchecked = demands.filter(({ id, required }) => required && !made.has(id)).map(({ id }) => id);
  return { role, url, ok: counts.failed === 0 && unchecked.length === 0, unchecked, counts, checks };
}

/** The line of a check; a failed one takes three. */
export function lineOf({ id, title, outcome, note, reason, expected, received }: CheckResult): string {
  if (outcome === "ok") return `ok       ${id}: ${title}${note === undefined ? "" : ` (${note})`}\n`;
  if (outcome === "skipped") return `skipped  ${id}: ${title} (${reason})\n`;
  return `FAIL     ${id}: ${title}\n           expected: ${expected}\n           received: ${received}\n`;
}

export function summaryOf(report: ConformanceReport): string {
  const { role, url, counts } = report;
  const verdict = verdictOf(report);
  return `\n${counts.ok} ok, ${counts.failed} failed, ${counts.skipped} skipped: the ${role} at ${url} ${verdict}\n`;
}

function verdictOf({ ok, counts, unchecked }: ConformanceReport): string {
  if (ok) return "keeps the v0.2 contract";
  if (counts.failed > 0) return "does not keep the v0.2 contract";
  return `is not checked, as these were skipped: ${unchecked.join(", ")}`;
}
