/**
 * The program of a runner's process: creates one runner and runs it, as directed by the main process. It is only loaded by
 * fork. It imports nothing heavy: the runner's own module loads what the runner needs.
 */
import { setMaxListeners } from "node:events";
import { Worker } from "node:worker_threads";
import type { Runner, RunnerClass } from "../runner.js";
import { RunnerChannel } from "./runner-channel.js";
import type { FromRunner, ToRunner } from "./wire-message.js";

/** How long the runner may take to cancel its attempts after the main process is gone, in milliseconds. */
const orphanedMs = 2_000;

const stop = new AbortController();
const channel = new RunnerChannel(send);
let runner: Runner<unknown> | undefined;
let isRunning = false;

process.on("message", (message: ToRunner) => void obey(message).catch(leaveWith));
process.once("disconnect", () => leaveOrphaned());
// Ctrl-C in a terminal reaches the whole process group: ignored here, because the main process decides.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

async function obey(message: ToRunner): Promise<void> {
  switch (message.type) {
    case "build":
      // Started first: the user's code is loaded next, and may block this thread.
      watchParent(message.parent);
      setInterval(() => send({ type: "alive" }), message.beatMs);
      runner = await makeRunner(message);
      send({ type: "ready" });
      return;
    case "run":
      isRunning = true;
      await runner?.doRun();
      await runner?.close();
      send({ type: "done" }, () => process.exit(0));
      return;
    case "stop":
      stop.abort(new Error(message.reason));
      if (!isRunning) process.exit(0);
      return;
    default:
      channel.settle(message);
  }
}

async function makeRunner({ module, export: name, id, param }: Extract<ToRunner, { type: "build" }>) {
  // Every pending attempt adds a listener.
  setMaxListeners(0, stop.signal);
  const RunnerOf = ((await import(module)) as Record<string, RunnerClass>)[name] as RunnerClass;
  const services = { id, logger: channel.logger(), signal: stop.signal };
  const shared = await RunnerOf.center.restoreSharedParam(param as never, services);
  return new RunnerOf(shared, channel.request, services);
}

/** Reports the error to the main process, and exits. */
async function leaveWith(error: unknown): Promise<void> {
  const { isCodedError, messageOf } = await import("@eval/protocol");
  const wire = { code: isCodedError(error) ? error.code : undefined, message: messageOf(error) };
  send({ type: "failed", error: wire }, () => process.exit(1));
}

/** The main process is gone, so results are no longer needed. */
function leaveOrphaned(): void {
  stop.abort(new Error("the main process is gone"));
  channel.close("the main process is gone");
  setTimeout(() => process.exit(1), orphanedMs);
}

/** A separate thread notices the loss of the main process even while an agent's code blocks this thread. */
function watchParent(parent: number): void {
  const watch = new URL("./parent-watch.js", import.meta.url);
  new Worker(watch, { workerData: { parent, graceMs: 2 * orphanedMs }, execArgv: [] }).unref();
}

function send(message: FromRunner, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, sent);
}
