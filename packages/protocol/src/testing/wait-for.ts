/** For a product that hangs; a busy machine needs several times as long as a quiet one. Milliseconds. */
const defaultDeadlineMs = 120_000;

/**
 * Resolves with the first value of `condition` that is not falsy; a condition that throws counts as not met yet.
 * Rejects after `deadlineMs` (default 120,000) with what it waited for.
 */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  { deadlineMs = defaultDeadlineMs, what = String(condition) }: { deadlineMs?: number; what?: string } = {},
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
    if (performance.now() > end)
      throw new Error(`Timed out after ${deadlineMs} ms while waiting for ${what}; last value: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
