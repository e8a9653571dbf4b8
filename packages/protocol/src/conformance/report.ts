/** What came of one check. */
export interface CheckResult {
  id: string;
  title: string;
  outcome: "ok" | "failed" | "skipped";
  /** Of `ok`: which of several allowed behaviours was seen. */
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
  /** True where nothing failed; skipped checks do not count. */
  ok: boolean;
  counts: Record<CheckResult["outcome"], number>;
  checks: CheckResult[];
}

export function reportOf(role: ConformanceReport["role"], url: string, checks: CheckResult[]): ConformanceReport {
  const count = (outcome: CheckResult["outcome"]) => checks.filter((check) => check.outcome === outcome).length;
  const counts = { ok: count("ok"), failed: count("failed"), skipped: count("skipped") };
  return { role, url, ok: counts.failed === 0, counts, checks };
}

/** The line of a check; a failed one takes three. */
export function lineOf({ id, title, outcome, note, reason, expected, received }: CheckResult): string {
  if (outcome === "ok") return `ok       ${id}: ${title}${note === undefined ? "" : ` (${note})`}\n`;
  if (outcome === "skipped") return `skipped  ${id}: ${title} (${reason})\n`;
  return `FAIL     ${id}: ${title}\n           expected: ${expected}\n           received: ${received}\n`;
}

export function summaryOf({ role, url, ok, counts }: ConformanceReport): string {
  const verdict = ok ? "keeps the v0.2 contract" : "does not keep the v0.2 contract";
  return `\n${counts.ok} ok, ${counts.failed} failed, ${counts.skipped} skipped: the ${role} at ${url} ${verdict}\n`;
}
