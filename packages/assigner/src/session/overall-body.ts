import type { TaskOutput } from "@eval/protocol";

/** One line a result: what our controller takes. */
export async function* resultLines(results: AsyncIterable<TaskOutput>): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}

/** v0.2's form: one body with all results, made as they come. */
export async function* overallBody(name: string, results: AsyncIterable<TaskOutput>): AsyncGenerator<string> {
  yield `{"name":${JSON.stringify(name)},"results":[`;
  let separator = "";
  for await (const result of results) {
    yield separator + JSON.stringify(result);
    separator = ",";
  }
  yield "]}";
}
