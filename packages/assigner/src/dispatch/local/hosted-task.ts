import {
  isCodedError,
  type Json,
  type ListedTask,
  randomId,
  type SampleIndex,
  type SessionReply,
  sessionIdOf,
  type TaskOutput,
  workerLiveness,
} from "@eval/protocol";
import type { Environment } from "@eval/protocol/config";
import { ReplyError } from "@eval/protocol/http-client";
import type { Logger } from "@eval/protocol/logger";
import { loadExport, requireMethods } from "@eval/protocol/module-loader";
import type { AgentOutput, Task } from "@eval/protocol/task";
import type { TaskClient } from "../../session/task-client.js";
import type { StartedSession, StartOptions, TaskSession } from "../../session/task-session.js";

export interface HostTasksOptions {
  /** A map of tasks, or a file with one under `definition`, as for a worker. */
  file: string;
  /** The names of tasks in the file. */
  names: readonly string[];
  cwd: string;
  env: Environment;
  logger: Logger;
}

/** The part of @eval/worker's TaskHost that is used here. */
interface Host {
  readonly indices: readonly SampleIndex[];
  readonly current: number;
  start(id: number, index: SampleIndex, ownership: object): Promise<SessionReply>;
  interact(turn: { session_id: number; agent_response: AgentOutput }): Promise<SessionReply>;
  cancel(id: number): Promise<unknown>;
}

/**
 * Hosts tasks in this process, with the same interface as the client of a controller: a debugger can step from the agent
 * into the task, without timeouts. @eval/worker, which is resolved at run time, does the hosting.
 */
export async function hostTasks({ file, names, cwd, env, logger }: HostTasksOptions): Promise<Map<string, TaskClient>> {
  const worker = (name: string) =>
    loadExport(`@eval/worker#${name}`, { configDir: cwd, cwd, from: import.meta.dirname });
  const loadTask = (await worker("loadTask")) as (options: object) => Promise<Task>;
  const TaskHost = (await worker("TaskHost")) as { create(task: Task, options: object): Promise<Host> };
  const hosted = new Map<string, TaskClient>();
  for (const name of names) {
    const task = await loadTask({ name, file, env, cwd });
    const client = new HostedTask(task, await TaskHost.create(task, { logger }));
    hosted.set(name, requireMethods<TaskClient>(client, ["start", "getIndices", "listTasks", "renew"], `task ${name}`));
  }
  return hosted;
}

class HostedTask {
  readonly address = "this process";
  patienceMs = 0;

  constructor(
    private readonly task: Task,
    private readonly host: Host,
  ) {}

  get name(): string {
    return this.task.name;
  }

  async getIndices(): Promise<SampleIndex[]> {
    return [...this.host.indices];
  }

  async listTasks(): Promise<Record<string, ListedTask>> {
    const { name, version, concurrency: capacity, overallNeedsHistory: overall_needs_history } = this.task;
    const { current } = this.host;
    const state = { status: workerLiveness.alive, last_visit: Date.now() / 1000, locked: false };
    const workers = { 0: { id: 0, address: this.address, capacity, current, ...state } };
    return { [name]: { indices: [...this.host.indices], workers, version, overall_needs_history } as ListedTask };
  }

  async start(index: SampleIndex, { owner, signal }: StartOptions): Promise<StartedSession> {
    const id = sessionIdOf(randomId());
    const ownership = { openedBy: undefined, owner, leaseMs: undefined, replay: false };
    const session = this.#session(id);
    try {
      const { output } = await asReply(this.host.start(id, index, ownership), signal);
      return { session, output };
    } catch (error) {
      // An abandoned start would hold the task's capacity for good. Not awaited, because the task may be stuck.
      void session.cancel();
      throw error;
    }
  }

  /** No controller, so there is no lease to renew. */
  async renew(): Promise<undefined> {}

  async calculateOverall(results: AsyncIterable<TaskOutput>): Promise<Json> {
    return this.task.calculateOverall(results);
  }

  async close(): Promise<void> {
    await this.task.release?.();
  }

  #session(id: number): TaskSession {
    const { host } = this;
    return {
      id,
      interact: async (agent_response, signal) => {
        return (await asReply(host.interact({ session_id: id, agent_response }), signal)).output;
      },
      cancel: async () => {
        await host.cancel(id).catch(() => {});
      },
    };
  }
}

/** Behaves like the wire: errors have the form of replies, and nothing waits longer than the run. */
async function asReply<Value>(answer: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([answer, aborted]);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    throw new ReplyError(error.code, error.message, { status: error.status, detail: error.detail }, undefined);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
