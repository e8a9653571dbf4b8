import type { AgentOutput, Message } from "./message.js";
import type { Json, SampleIndex, SampleStatus, TaskOutput } from "./sample.js";

export type { AgentOutput, Json, Message, SampleIndex, SampleStatus, TaskOutput };

/** What a task or an agent is built with. */
export interface BuildContext<Parameters = Record<string, unknown>> {
  /** `parameters` of the definition; a task's also hold `name`. */
  parameters: Parameters;
  /** Absolute folder of the configuration file that was named on the command line. */
  configDir: string;
}

/** How a sample ended. `result` is any JSON and comes back to `calculateOverall`. */
export interface SampleResult {
  status: Exclude<SampleStatus, "running">;
  result?: Json;
}

/** The live conversation of one attempt, as its task sees it. */
export interface Session {
  /** Unguessable, unique across restarts. */
  readonly id: number;
  /** All that was said so far, whole; only {@link inject} and the agent's turns add to it. */
  readonly history: readonly Message[];
  /** Aborts when the session was canceled and the task did not end by itself within the deadline (30 s). */
  readonly signal: AbortSignal;
  /** Appends messages; a string is a message of the role `user`. */
  inject(...items: (Message | string)[]): void;
  /**
   * Appends messages, hands the turn to the agent and resolves with its answer. The answer's status is `normal`
   * (then `content` is a text), `agent context limit`, or `cancelled`: a canceled task should clean up and return.
   */
  action(...items: (Message | string)[]): Promise<AgentOutput>;
}

/**
 * An environment and its data set. The interface is structural: any object of this shape is a task, and a task's
 * file needs no import.
 */
export interface Task {
  readonly name: string;
  /** How many sessions may run at once in one worker; an integer of at least 1. */
  readonly concurrency: number;
  /** The task's own version, say a hash of its data. It goes into every line of the journal. */
  readonly version?: string;
  /** All samples, in order. Called once, when the worker starts. */
  getIndices(): SampleIndex[] | Promise<SampleIndex[]>;
  /** Runs one sample to its end. Throwing ends it with the status `task error`, the message as its result. */
  startSample(index: SampleIndex, session: Session): Promise<SampleResult>;
  /** Aggregates the results of all samples into any JSON. May be called again. */
  calculateOverall(results: AsyncIterable<TaskOutput>): Json | Promise<Json>;
  /** True: `calculateOverall` reads `history`; else results may come with `history: null`. Default false. */
  readonly overallNeedsHistory?: boolean;
  /** Gives back what the task holds. Called once, after the last session has ended. */
  release?(): void | Promise<void>;
}

/** Gathers a stream of results into a list, for a task whose aggregate needs them all at once. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
