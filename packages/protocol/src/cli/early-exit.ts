import { errorTable } from "../error.js";

/** The part of a process whose end is watched. */
export interface ExitSource {
  once(event: "exit", listener: (code: number) => void): unknown;
  off(event: "exit", listener: (code: number) => void): unknown;
  exitCode?: number | string | null | undefined;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Notices that a process ends before its program is over: code that runs in it has called `process.exit()`, has thrown
 * where nobody catches, or has left nothing to wait for. Such an end has the exit code of ENDED_EARLY, whatever code it
 * had, and says where it came from. Returns a function that stops watching.
 */
export function watchForEarlyExit(host: ExitSource): () => void {
  const onExit = (code: number): void => {
    host.exitCode = errorTable.ENDED_EARLY.exit;
    host.stderr.write(
      `error: the process ended before the program was finished: ${causeOf(code, callerOfExit())} (ENDED_EARLY)\n`,
    );
  };
  host.once("exit", onExit);
  return () => host.off("exit", onExit);
}

function causeOf(code: number, caller: string | undefined): string {
  if (caller !== undefined) {
    return `process.exit(${code}) was called at ${caller}. Code that runs in this process (an agent, a task, a module) must not end it`;
  }
  if (code === 1 || code === 7) return "an error was not caught (Node prints its stack)";
  return "the event loop is empty. Perhaps a promise of an agent, a task or a module never settles";
}

/** The place that called `process.exit`: Node emits the event within that call. Undefined if it was not called. */
function callerOfExit(): string | undefined {
  const frames = (new Error().stack ?? "").split("\n").map((line) => line.trim());
  const at = frames.findIndex((frame) => /^at (process\.)?exit /.test(frame) || frame.startsWith("at process.exit"));
  return at < 0 ? undefined : frames[at + 1]?.replace(/^at (async )?(.*\()?/, "").replace(/\)$/, "");
}
