import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type ErrorCode, isCodedError, messageOf } from "@eval/protocol";
import type { KnownTask } from "../attempt/known-task.js";
import type { TaskClient } from "../session/task-client.js";

export interface AwaitTasksOptions {
  /** How long to wait for a missing task, in milliseconds. */
  waitMs: number;
  signal: AbortSignal;
  /** Called once for each missing task, with the reason. */
  onWaiting: (task: string, why: string) => void;
}

/** Errors that may resolve by themselves. */
const waitable: ReadonlySet<ErrorCode> = new Set([
  ...(["UNREACHABLE", "TIMEOUT", "RECOVERING", "TASK_NOT_FOUND", "NO_WORKERS_AVAILABLE"] as const),
]);

/** Requests the tasks' indices from the controllers, and waits for tasks whose workers are not registered yet. */
export async function awaitTasks(
  clients: ReadonlyMap<string, TaskClient>,
  options: AwaitTasksOptions,
): Promise<Map<string, KnownTask>> {
  const { known, missing } = await askAll(clients, options);
  if (missing.length > 0) throw unavailable(missing, options.waitMs);
  return known;
}

/** The same, but returns the missing tasks, each with the reason. */
export async function askTasks(
  clients: ReadonlyMap<string, TaskClient>,
  options: AwaitTasksOptions,
): Promise<{ known: Map<string, KnownTask>; missing: Map<string, string> }> {
  const { known, missing } = await askAll(clients, options);
  return { known, missing: new Map(missing.map(({ name, why }) => [name, why])) };
}

async function askAll(clients: ReadonlyMap<string, TaskClient>, options: AwaitTasksOptions) {
  const deadline = performance.now() + options.waitMs;
  const giveUp = new AbortController();
  const signal = AbortSignal.any([options.signal, giveUp.signal]);
  const waits = [...clients].map(([name, client]) => awaitTask(name, client, deadline, { ...options, signal }));
  // A permanent error of one task ends the waiting for the others.
  const found = await Promise.all(waits).finally(() => giveUp.abort());
  const missing = found.filter((task) => "why" in task);
  const known = new Map(found.flatMap((task) => ("why" in task ? [] : [[task.name, task as KnownTask] as const])));
  return { known, missing };
}

interface Missing {
  name: string;
  code: ErrorCode;
  why: string;
}

async function awaitTask(
  name: string,
  client: TaskClient,
  deadline: number,
  { signal, onWaiting }: AwaitTasksOptions,
): Promise<(KnownTask & { name: string }) | Missing> {
  for (let attempt = 0; ; attempt++) {
    try {
      const leftMs = Math.max(1_000, deadline - performance.now());
      const indices = await client.getIndices(signal, Math.min(30_000, leftMs));
      const { version, overall_needs_history } = (await client.listTasks(signal))[client.name] ?? {};
      return { name, indices, version, needsHistory: overall_needs_history ?? true };
    } catch (error) {
      if (signal.aborted || !isCodedError(error) || !waitable.has(error.code)) throw error;
      const why = describe(error, client);
      if (attempt === 0) onWaiting(name, why);
      if (performance.now() > deadline) return { name, code: error.code, why };
      await delay(Math.min(1_000, 100 * 2 ** attempt), undefined, { signal });
    }
  }
}

function describe(error: CodedError, { name, address }: TaskClient): string {
  if (error.code === "UNREACHABLE" || error.code === "TIMEOUT") return messageOf(error);
  return `no worker of ${name} is registered at ${address}`;
}

function unavailable(missing: readonly Missing[], waitMs: number): CodedError {
  const lines = missing.map(({ name, why }) => `  ${name}: ${why}`).join("\n");
  const isUnreachable = missing.some(({ code }) => code === "UNREACHABLE" || code === "TIMEOUT");
  const code = isUnreachable ? "UNREACHABLE" : "NO_WORKERS_AVAILABLE";
  const advice = "Start the controller and the workers (for example with npx @eval/start-task -a), or wait longer";
  const text = `These tasks are still unavailable after ${waitMs / 1000} s:\n${lines}\n${advice} (--wait-for-workers).`;
  return new CodedError(code, text);
}
