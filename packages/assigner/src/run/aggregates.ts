import { join } from "node:path";
import { CodedError, isCodedError, messageOf, type TaskOutput } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { KnownTask } from "../attempt/known-task.js";
import { type CellRef, cellFolder, fileNames } from "../results/cell-folder.js";
import { OverallFold, writeOverall } from "../results/overall.js";
import { ResultDigest } from "../results/result-digest.js";
import { readResults } from "../results/resume.js";
import type { RunLog } from "../results/run-log.js";
import { persist } from "../session/persist.js";
import type { TaskClient } from "../session/task-client.js";
import type { Aggregate } from "./cell-state.js";
import { TaskResults } from "./task-results.js";

export interface AggregatesOptions {
  output: string;
  log: RunLog;
  logger: Logger;
  tasks: ReadonlyMap<string, TaskClient>;
  known: ReadonlyMap<string, KnownTask>;
  /** Ends pending aggregates. */
  signal: AbortSignal;
  /** How long to wait for a worker that can aggregate, in milliseconds. */
  patienceMs: number;
}

/** Concurrent aggregates: each reads a journal and holds a request. */
const maxAggregates = 4;

interface Order {
  cell: CellRef;
  /** Number of results of the cell. */
  done: number;
  onAggregate: (aggregate: Aggregate) => void;
}

/** Requests the overalls of complete epochs from the tasks, and writes them. */
export class Aggregates {
  readonly #orders: Order[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #failed = false;

  constructor(private readonly options: AggregatesOptions) {}

  /** Whether any aggregate failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * @param done number of results of the cell; the journal must hold all of them
   * @param onAggregate called when the aggregate is written
   */
  order(cell: CellRef, done: number, onAggregate: (aggregate: Aggregate) => void): void {
    this.#orders.push({ cell, done, onAggregate });
    this.#start();
  }

  /** Resolves when every aggregate is written or has failed. */
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

  async #make({ cell, done, onAggregate }: Order): Promise<void> {
    const { output, log, logger, signal, patienceMs } = this.options;
    const { agent, task, epoch } = cell;
    try {
      const make = () => this.#overallOf(cell, done);
      const aggregate = await persist(make, isRetryable, { patienceMs, signal, workerTries: 10 });
      await writeOverall(cellFolder(output, cell), aggregate.overall, aggregate.digest, log.assertHeld);
      onAggregate(aggregate);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed = true;
      const what = epoch === 1 ? "the overall" : `the overall of epoch ${epoch}`;
      logger.error(
        `${agent} / ${task}: cannot compute ${what}; the results are saved, and the next launch retries: ${messageOf(error)}`,
      );
    }
  }

  async #overallOf(cell: CellRef, done: number): Promise<Aggregate> {
    const { output, tasks, known, signal } = this.options;
    const fold = new OverallFold();
    const own = new TaskResults(known.get(cell.task)?.indices ?? []);
    const digest = new ResultDigest();
    const results = fold.through(own.of(readResults(output, cell, digest)));
    const sent = known.get(cell.task)?.needsHistory === false ? withoutHistory(results) : results;
    const custom = await (tasks.get(cell.task) as TaskClient).calculateOverall(sent, signal);
    const overall = fold.finish(custom, own.others);
    if (overall.total !== done) throw lostResults(output, cell, overall.total, done);
    return { overall, digest: digest.finish() };
  }
}

/** Whether an aggregate may be requested again: the request changes nothing. */
function isRetryable(error: unknown): boolean {
  return isCodedError(error) && error.code !== "OUTPUT_WRITE_FAILED";
}

function lostResults(output: string, cell: CellRef, found: number, done: number): CodedError {
  const file = join(cellFolder(output, cell), fileNames.runs);
  const what = `${file} holds ${found} of the ${done} results that were written`;
  return new CodedError("OUTPUT_WRITE_FAILED", `${what}: another program deleted or changed it`);
}

async function* withoutHistory(results: AsyncIterable<TaskOutput>): AsyncGenerator<TaskOutput> {
  for await (const result of results) yield { ...result, history: null };
}
