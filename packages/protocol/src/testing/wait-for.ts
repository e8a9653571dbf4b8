/**
 * Resolves with the first value of `condition` that is not falsy; a condition that throws counts as not met yet.
 * Rejects after `deadlineMs` (default 10,000) with what it waited for.
 */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  { deadlineMs = 10_000, what = String(condition) }: { deadlineMs?: number; what?: string } = {},
): Promise<NonNullable<Value>> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      last = await condition();
      if (last) return last as NonNullable<Value>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
