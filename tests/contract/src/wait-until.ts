/** Resolves with the first value that is neither undefined nor false; rejects after the deadline (default 60 s). */
export async function waitUntil<Value>(
  what: string,
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  deadlineMs = 60_000,
): Promise<Value> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`Timed out after ${deadlineMs} ms while waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
