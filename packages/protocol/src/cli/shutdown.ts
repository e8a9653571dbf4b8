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
  /** Told when the handler throws; the process then ends at once. */
  onError?: (error: unknown) => void;
}

/**
 * Calls `handler` once, at the first SIGINT or SIGTERM; a second signal, and a handler that fails, end the process at
 * once. Returns a function that stops listening.
 */
export function onShutdown(
  handler: (signal: ShutdownSignal) => void | Promise<void>,
  { process, onError }: ShutdownOptions,
): () => void {
  let stopping = false;
  const receive = (signal: ShutdownSignal) => () => {
    if (stopping) {
      process.exit(exitCodeOf(signal));
      return;
    }
    stopping = true;
    Promise.resolve()
      .then(() => handler(signal))
      .catch((error) => {
        onError?.(error);
        process.exit(exitCodeOf(signal));
      });
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, receive(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
