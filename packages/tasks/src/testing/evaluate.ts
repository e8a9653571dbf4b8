import type { Agent } from "@eval/protocol/agent";
import type { Json, Task, TaskOutput } from "@eval/protocol/task";
import { sessionOf, stream } from "./scripted-session.js";

export interface Evaluation {
  outputs: TaskOutput[];
  overall: Record<string, Json>;
}

/** Runs an agent on all samples of a task, as many at once as the task allows. */
export async function evaluate(task: Task, agent: Agent): Promise<Evaluation> {
  const waiting = [...(await task.getIndices())];
  const outputs: TaskOutput[] = [];
  const run = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const { status, result = null } = await task.startSample(index, sessionOf(agent));
      outputs.push({ index, status, result, history: null });
    }
  };
  await Promise.all(Array.from({ length: task.concurrency }, run));
  return { outputs, overall: (await task.calculateOverall(stream(outputs))) as Record<string, Json> };
}
