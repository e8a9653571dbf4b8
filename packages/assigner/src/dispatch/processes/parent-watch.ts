/** A thread of a runner's process: kills the process when its parent is gone and it has not ended by itself. */
import { workerData } from "node:worker_threads";

const { parent, graceMs } = workerData as { parent: number; graceMs: number };

const watch = setInterval(() => {
  // An orphan gets another parent (not on Windows, where a closed channel has to do).
  if (process.ppid === parent) return;
  clearInterval(watch);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
}, 1_000);
