/** A thread of a runner's process: kills the process if its parent is gone and the process has not ended by itself. */
import { workerData } from "node:worker_threads";

const { parent, graceMs } = workerData as { parent: number; graceMs: number };

const watch = setInterval(() => {
  // An orphan gets another parent (except on Windows, which relies on the closed channel).
  if (process.ppid === parent) return;
  clearInterval(watch);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
}, 1_000);
