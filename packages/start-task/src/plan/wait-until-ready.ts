import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, type controllerRoutes, isCodedError, messageOf, workerLiveness } from "@eval/protocol";
import type { RouteClient } from "@eval/protocol/http-client";

/** A worker that is waited for. */
export interface Awaited {
  label: string;
  /** Undefined while it is not known to listen. */
  address: string | undefined;
}

export interface ReadinessOptions {
  client: RouteClient<typeof controllerRoutes>;
  workers: () => readonly Awaited[];
  /** Milliseconds. */
  timeoutMs: number;
  /** Between two looks, in milliseconds. Default 250. */
  intervalMs?: number;
  signal: AbortSignal;
  /** Monotonic milliseconds. */
  now: () => number;
}

/**
 * Resolves when the controller lists every worker as alive. Rejects with TIMEOUT that names those that are missing,
 * UNAUTHORIZED or FORBIDDEN where the controller refuses, or the signal's reason.
 */
export async function waitUntilReady(options: ReadinessOptions): Promise<void> {
  const { workers, timeoutMs, signal, now } = options;
  const deadline = now() + timeoutMs;
  for (;;) {
    const seen = await lookUp(options);
    const missing = workers().filter(({ address }) => address === undefined || !seen.alive.has(comparable(address)));
    if (missing.length === 0) return;
    if (now() >= deadline) throw tooLate(missing, seen.problem, options);
    await sleep(options.intervalMs ?? 250, undefined, { signal });
  }
}

interface Seen {
  alive: Set<string>;
  problem: string | undefined;
}

async function lookUp({ client, signal, timeoutMs }: ReadinessOptions): Promise<Seen> {
  try {
    const { value } = await client.listWorkers({ indices: "0" }, { timeoutMs: Math.min(timeoutMs, 5_000), signal });
    const workers = Object.values(value).flatMap((task) => Object.values(task.workers));
    const alive = workers.filter((worker) => worker.status === workerLiveness.alive);
    return { alive: new Set(alive.map((worker) => comparable(worker.address))), problem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (isCodedError(error) && (error.code === "UNAUTHORIZED" || error.code === "FORBIDDEN")) throw error;
    return { alive: new Set(), problem: messageOf(error) };
  }
}

function tooLate(missing: readonly Awaited[], problem: string | undefined, options: ReadinessOptions): CodedError {
  const names = missing.map(({ label, address }) => (address === undefined ? `${label} (not listening)` : label));
  const controller = options.client.http.address;
  return new CodedError(
    "TIMEOUT",
    `after ${options.timeoutMs / 1000} s, ${missing.length} of ${options.workers().length} workers are not registered at ${controller}: ${names.join(", ")}${problem === undefined ? "" : `; ${problem}`}`,
  );
}

function comparable(address: string): string {
  return address.replace(/\/+$/, "").toLowerCase();
}
