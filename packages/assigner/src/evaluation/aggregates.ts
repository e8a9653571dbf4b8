import { isCodedError, messageOf, type TaskOutput } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import { type CellRef, cellFolder } from "../results/cell-folder.js";
import { type Overall, OverallFold, writeOverall } from "../results/overall.js";
import { readResults } from "../results/resume.js";
import { persist } from "../session/persist.js";
import type { TaskClient } from "../session/task-client.js";
import type { KnownTask } from "./await-tasks.js";
import { TaskResults } from "./task-results.js";

export interface AggregatesOptions {
  output: string;
  logger: Logger;
  tasks: ReadonlyMap<string, TaskClient>;
  known: ReadonlyMap<string, KnownTask>;
  /** Ends aggregates under way. */
  signal: AbortSignal;
  /** How long a worker that could aggregate is waited for, in milliseconds. */
  patienceMs: number;
}

/** Aggregates under way at once: each reads a journal and holds a request. */
const maxAggregates = 4;

interface Order {
  cell: CellRef;
  onOverall: (overall: Overall) => void;
}

/** Has the tasks make the overalls of complete epochs, and writes them. */
export class Aggregates {
  readonly #orders: Order[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #failed = false;

  constructor(private readonly options: AggregatesOptions) {}

  /** Whether one could not be made. */
  get failed(): boolean {
    return this.#failed;
  }

  /** @param onOverall told when it is written */
  order(cell: CellRef, onOverall: (overall: Overall) => void): void {
    this.#orders.push({ cell, onOverall });
    this.#start();
  }

  /** Resolves when every one is written, or was given up. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #start(): void {
    while (this.#underWay.size < maxAggregates) {
      const order = this.#orders.shift();
      if (order === undefined) return;
      const aggregate = this.#make(order).finally(() => {
        this.#underWay.delete(aggregate);
        this.#start();
      });
      this.#underWay.add(aggregate);
    }
  }

  async #make({ cell, onOverall }: Order): Promise<void> {
    const { output, logger, signal, patienceMs } = this.options;
    const { agent, task, epoch } = cell;
    try {
      const overall = await persist(() => this.#overallOf(cell), isPassing, { patienceMs, signal, workerTries: 10 });
      await writeOverall(cellFolder(output, cell), overall);
      onOverall(overall);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed = true;
      const what = epoch === 1 ? "the overall" : `the overall of epoch ${epoch}`;
      logger.error(`${agent} / ${task}: ${what} could not be made; the next launch tries again: ${messageOf(error)}`);
    }
  }

  async #overallOf(cell: CellRef): Promise<Overall> {
    const { output, tasks, known, signal } = this.options;
    const fold = new OverallFold();
    const own = new TaskResults(known.get(cell.task)?.indices ?? []);
    const results = fold.through(own.of(readResults(output, cell)));
    const sent = known.get(cell.task)?.needsHistory === false ? withoutHistory(results) : results;
    const custom = await (tasks.get(cell.task) as TaskClient).calculateOverall(sent, signal);
    return fold.finish(custom, own.others);
  }
}

/** Whether an aggregate may be asked for again: the step changes nothing. */
function isPassing(error: unknown): boolean {
  return isCodedError(error);
}

async function* withoutHistory(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
  for await (const result of results) yield { ...result, history: null };
}
