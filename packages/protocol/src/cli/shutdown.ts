/** The part of a process that signals need; tests pass their own. */
export interface SignalSource {
  on(signal: ShutdownSignal, listener: () => void): unknown;
  off(signal: ShutdownSignal, listener: () => void): unknown;
  exit(code: number): unknown;
}

export type ShutdownSignal = "SIGINT" | "SIGTERM";

const numbers: Record<ShutdownSignal, number> = { SIGINT: 2, SIGTERM: 15 };

/** 128 + the signal's number, as a shell has it. */
export function exitCodeOf(signal: ShutdownSignal): number {
  return 128 + numbers[signal];
}

export interface ShutdownOptions {
  process: SignalSource;
  /** Called before a second signal, or a handler that failed, ends the process: ends the resources of the process. */
  onForce?: () => void;
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number;
  /** Called when the handler throws; the process then exits immediately. */
  onError?: (error: unknown) => void;
}

/**
 * One Ctrl-C may come twice: under npx, from the terminal and, some milliseconds later, passed on by npx. What comes so
 * soon after the first signal is its echo, and no impatient user's second one.
 */
const echoMs = 500;

/**
 * Calls `handler` once, at the first SIGINT or SIGTERM; a second signal, and a handler that fails, end the process at
 * once. Returns a function that stops listening.
 */
export function onShutdown(
  handler: (signal: ShutdownSignal) => void | Promise<void>,
  { process, onForce, onError, now = () => performance.now() }: ShutdownOptions,
): () => void {
  let first: number | undefined;
  const force = (signal: ShutdownSignal) => {
    onForce?.();
    process.exit(exitCodeOf(signal));
  };
  const receive = (signal: ShutdownSignal) => () => {
    if (first !== undefined) {
      if (now() - first >= echoMs) force(signal);
      return;
    }
    first = now();
    Promise.resolve()
      .then(() => handler(signal))
      .catch((error) => {
        onError?.(error);
        force(signal);
      });
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, receive(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
