import { type RunControllerOptions, type RunningController, runController } from "@eval/controller";
import { controllerRoutes, randomId } from "@eval/protocol";
import { createClient, type RouteClient } from "@eval/protocol/http-client";
import { silentLogger } from "@eval/protocol/logger";
import type { Task } from "@eval/protocol/task";
import { waitFor } from "@eval/protocol/testing";
import { type RunningWorker, type RunWorkerOptions, runWorker } from "@eval/worker";
import { onTestFinished } from "vitest";

export type Client = RouteClient<typeof controllerRoutes>;

/** A controller on a free port, stopped when the test is over. Without a recovery window unless asked for. */
export async function startController(options: Partial<RunControllerOptions> = {}): Promise<RunningController> {
  const running = await runController({ port: 0, logger: silentLogger, recoveryWindowMs: 0, ...options });
  onTestFinished(() => running.stop());
  return running;
}

/** A worker on a free port, registered unless `mayWait`; stopped when the test is over. */
export async function startWorker(
  controller: string,
  options: Partial<RunWorkerOptions> & { mayWait?: boolean } = {},
): Promise<RunningWorker> {
  const { mayWait = false, ...rest } = options;
  const task = rest.task ?? echoTask();
  const running = await runWorker({ port: 0, logger: silentLogger, heartbeatMs: 200, ...rest, controller, task });
  onTestFinished(() => running.stop(0));
  if (!mayWait) await waitFor(() => running.registered, { what: "the worker's registration" });
  return running;
}

/** A client of ours; closed when the test is over. */
export function connect(address: string, options: { token?: string; instance?: string } = {}): Client {
  const client = createClient(controllerRoutes, { address, instance: randomId(), ...options });
  onTestFinished(() => client.http.close());
  return client;
}

export interface EchoTask extends Task {
  /** What the agent said, in all sessions. */
  readonly heard: string[];
  /** Called after each answer, before the task goes on; its promise is waited for. */
  think: (content: string) => Promise<void> | void;
}

/** Asks `rounds` questions, then completes with what it heard. */
export function echoTask(changes: Partial<Task> & { rounds?: number } = {}): EchoTask {
  const { rounds = 2, ...rest } = changes;
  const heard: string[] = [];
  return {
    name: "echo",
    concurrency: 4,
    heard,
    think: () => {},
    getIndices: () => [0, 1, 2, "3"],
    async startSample(_index, session) {
      for (let round = 0; round < rounds; round++) {
        const { status, content } = await session.action(`question ${round}`);
        if (status !== "normal") return { status: status === "cancelled" ? "unknown" : "agent context limit" };
        heard.push(content ?? "");
        await this.think(content ?? "");
      }
      return { status: "completed", result: { heard: heard.length } };
    },
    calculateOverall: async (results) => {
      const indices: unknown[] = [];
      for await (const { index } of results) indices.push(index);
      return { count: indices.length, indices };
    },
    ...rest,
  } as EchoTask;
}

export function say(content: string) {
  return { status: "normal" as const, content };
}

/** The only worker in the list, as clients see it. */
export async function onlyWorker(client: Client, task = "echo") {
  const { value } = await client.listWorkers({});
  const [worker] = Object.values(value[task]?.workers ?? {});
  if (worker === undefined) throw new Error(`no worker of ${task} is listed`);
  return worker;
}

/** Speaks as v0.2 does: JSON, none of our headers. */
export async function post(address: string, route: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${address}/${route}`, {
    method: "POST",
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}

export async function get(address: string, route: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${address}/${route}`, { headers });
  return { status: response.status, body: (await response.json()) as never };
}
