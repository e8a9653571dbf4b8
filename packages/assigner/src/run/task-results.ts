import type { SampleIndex, TaskOutput } from "@eval/protocol";
import { indexMatcher } from "../plan/plan.js";

/** Filters a folder's results to those of the task's samples: each sample once, under the task's own index. */
export class TaskResults {
  #others = 0;

  constructor(private readonly indices: readonly SampleIndex[]) {}

  /** Number of skipped results: not a sample of the task, or a duplicate. */
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
