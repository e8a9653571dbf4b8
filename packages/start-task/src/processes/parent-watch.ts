/**
 * Loaded by `node --import` into every process that start-task starts: ends the process when start-task is gone, even
 * by kill -9. A closed channel is the one sign of that which every system gives.
 */
import { isMainThread } from "node:worker_threads";

const deadlineMs = Number(new URL(import.meta.url).searchParams.get("deadline") ?? 10_000);

function leave(): void {
  // As the signal would, but on Windows, too, where a signal ends a process without asking it.
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit(143);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), deadlineMs).unref();
}

if (isMainThread && process.channel) {
  // Processes forked by this one have their own parents.
  const own = process.execArgv.indexOf(import.meta.url);
  if (own > 0) process.execArgv.splice(own - 1, 2);
  process.once("disconnect", leave);
  // Whether the process goes on is its own affair.
  process.channel.unref();
}
