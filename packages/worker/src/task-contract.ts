import { CodedError, type SampleIndex } from "@eval/protocol";
import type { Task } from "@eval/protocol/task";

/** Checks what a task says of itself and reads its indices. Rejects with MODULE_INVALID. */
export async function readIndices(task: Task): Promise<readonly SampleIndex[]> {
  if (typeof task.name !== "string" || task.name === "")
    throw new CodedError("MODULE_INVALID", "A task must have a name");
  if (!Number.isInteger(task.concurrency) || task.concurrency < 1) {
    const found = JSON.stringify(task.concurrency) ?? "nothing";
    throw new CodedError("MODULE_INVALID", `Task ${task.name}: concurrency must be a positive integer, not ${found}`);
  }
  const indices: unknown = await task.getIndices();
  const isIndex = (index: unknown) => typeof index === "string" || Number.isSafeInteger(index);
  if (Array.isArray(indices) && indices.every(isIndex) && new Set(indices).size === indices.length) return indices;
  throw new CodedError(
    "MODULE_INVALID",
    `Task ${task.name}: getIndices() must return a list of distinct strings or integers`,
  );
}
