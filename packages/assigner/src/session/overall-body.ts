import type { TaskOutput } from "@eval/protocol";

/** One result per line: the format of our controller. */
export async function* resultLines(results: AsyncIterable<TaskOutput>): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}

/** v0.2's format: one body with all results, generated as they arrive. */
export async function* overallBody(name: string, results: AsyncIterable<TaskOutput>): AsyncGenerator<string> {
  yield `{"name":${JSON.stringify(name)},"results":[`;
  let separator = "";
  for await (const result of results) {
    yield separator + JSON.stringify(result);
    separator = ",";
  }
  yield "]}";
}
