/** The part of a process that is watched. */
export interface ChildProcess {
  readonly ppid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  emit(event: "SIGTERM", signal: "SIGTERM"): boolean;
}

/** Milliseconds between two looks. */
const lookEveryMs = 500;

/**
 * npx starts a bin through a shell that does not forward signals: if only npx is ended, the bin would remain. So a
 * bin under npx takes the loss of its parent for a SIGTERM. Returns a function that stops looking.
 */
export function followNpx(child: ChildProcess, everyMs = lookEveryMs): () => void {
  if (child.env.npm_command !== "exec") return () => {};
  const parent = child.ppid;
  const timer = setInterval(() => {
    if (child.ppid === parent) return;
    clearInterval(timer);
    child.emit("SIGTERM", "SIGTERM");
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
