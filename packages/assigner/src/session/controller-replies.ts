import {
  type ErrorCode,
  isCodedError,
  type ListedTask,
  type TaskOutput,
  taskOutputSchema,
  workerLiveness,
} from "@eval/protocol";
import { ReplyError } from "@eval/protocol/http-client";
import type { CapacityReading } from "../attempt/capacity-reading.js";

/** The free capacity of one task, from a controller's list. A worker that is not ALIVE has none. */
export function readCapacity(task: ListedTask | undefined): CapacityReading {
  if (task === undefined) return { free: 0, workers: 0 };
  const alive = Object.values(task.workers).filter(({ status }) => status === workerLiveness.alive);
  const free = alive.reduce((sum, { capacity, current }) => sum + Math.max(0, capacity - current), 0);
  return { free, workers: alive.length };
}

/** The output of a failed task in a 501 reply: an object from a worker, a text through a controller. */
export function failedOutput(error: unknown): TaskOutput | undefined {
  if (!(error instanceof ReplyError) || error.reply.status !== 501) return undefined;
  const { detail } = error.reply;
  const body = typeof detail === "string" ? parse(detail.slice(detail.indexOf("\n") + 1)) : { detail };
  const parsed = taskOutputSchema.safeParse((body as { detail?: { output?: unknown } } | undefined)?.detail?.output);
  return parsed.success ? parsed.data : undefined;
}

/** Whether an error means that there is no free slot: nothing was started, and the request may be repeated. */
export function isNotAvailable(error: unknown): boolean {
  return error instanceof ReplyError && error.reply.status === 406;
}

const network: ReadonlySet<ErrorCode> = new Set(["UNREACHABLE", "TIMEOUT", "RECOVERING"]);

export function isNetworkError(error: unknown): boolean {
  return isCodedError(error) && network.has(error.code);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
