import { type Json, messageOf, sampleStatuses } from "@eval/protocol";
import type { SampleResult } from "@eval/protocol/task";

/** What a task returned, in the form for the wire: a final status and a JSON result. */
export type CheckedResult = { status: SampleResult["status"]; result: Json };

/** Throws an error for the author of the task if `startSample()` returned a value that violates its contract. */
export function checkResult(returned: unknown): CheckedResult {
  const { status, result } = (returned ?? {}) as { status?: unknown; result?: unknown };
  const final = sampleStatuses.find((known) => known === status);
  if (final === undefined || final === "running") {
    throw new Error(`startSample() must return a final status, not ${describe(returned)}`);
  }
  return { status: final, result: toJson(result) };
}

function toJson(result: unknown): Json {
  try {
    return JSON.parse(JSON.stringify(result) ?? "null") as Json;
  } catch (error) {
    throw new Error(`startSample() returned a result that cannot be represented in JSON: ${messageOf(error)}`);
  }
}

function describe(returned: unknown): string {
  try {
    return JSON.stringify(returned)?.slice(0, 200) ?? "nothing";
  } catch {
    return String(returned);
  }
}
