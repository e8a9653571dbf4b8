/**
 * The program of a runner's process: makes one runner and lets it run, as the main process says. It is loaded by fork
 * alone. Nothing heavy is imported here: what a runner needs is loaded by its own module.
 */
import { setMaxListeners } from "node:events";
import { Worker } from "node:worker_threads";
import type { Runner, RunnerClass } from "../runner.js";
import { RunnerChannel } from "./runner-channel.js";
import type { FromRunner, ToRunner } from "./wire-message.js";

/** How long the runner may cancel what runs once the main process is gone, in milliseconds. */
const orphanedMs = 2_000;

const stop = new AbortController();
const channel = new RunnerChannel(send);
let runner: Runner<unknown> | undefined;
let isRunning = false;

process.on("message", (message: ToRunner) => void obey(message).catch(leaveWith));
process.once("disconnect", () => leaveOrphaned());
// A terminal's Ctrl-C reaches the whole group: the main process decides, and says so.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

async function obey(message: ToRunner): Promise<void> {
  switch (message.type) {
    case "build":
      // First of all: what is made next is a user's code, and may block this thread.
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
  // Every attempt under way listens.
  setMaxListeners(0, stop.signal);
  const RunnerOf = ((await import(module)) as Record<string, RunnerClass>)[name] as RunnerClass;
  const services = { id, logger: channel.logger(), signal: stop.signal };
  const shared = await RunnerOf.center.restoreSharedParam(param as never, services);
  return new RunnerOf(shared, channel.request, services);
}

/** Tells the main process, and ends. */
async function leaveWith(error: unknown): Promise<void> {
  const { isCodedError, messageOf } = await import("@eval/protocol");
  const wire = { code: isCodedError(error) ? error.code : undefined, message: messageOf(error) };
  send({ type: "failed", error: wire }, () => process.exit(1));
}

/** The main process is gone: nobody wants a result any more. */
function leaveOrphaned(): void {
  stop.abort(new Error("the main process is gone"));
  channel.close("the main process is gone");
  setTimeout(() => process.exit(1), orphanedMs);
}

/** A thread of its own sees the main process go even while the code of an agent blocks this one. */
function watchParent(parent: number): void {
  const watch = new URL("./parent-watch.js", import.meta.url);
  new Worker(watch, { workerData: { parent, graceMs: 2 * orphanedMs }, execArgv: [] }).unref();
}

function send(message: FromRunner, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, sent);
}
