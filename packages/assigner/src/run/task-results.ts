import type { SampleIndex, TaskOutput } from "@eval/protocol";
import { indexMatcher } from "../plan/plan.js";

/** What of a folder's results the task's aggregate is about: those of its samples, each once, under its own index. */
export class TaskResults {
  #others = 0;

  constructor(private readonly indices: readonly SampleIndex[]) {}

  /** How many of the results that came by are of no sample of the task, or of one that had a result already. */
  get others(): number {
    return this.#others;
  }

  async *of(results: AsyncIterable<TaskOutput & { index: SampleIndex }>): AsyncGenerator<TaskOutput> {
    const match = indexMatcher(this.indices);
    const seen = new Set<SampleIndex>();
    for await (const output of results) {
      const index = match(output.index);
      if (index === undefined || seen.has(index)) {
        this.#others += 1;
        continue;
      }
      seen.add(index);
      yield { ...output, index };
    }
  }
}
