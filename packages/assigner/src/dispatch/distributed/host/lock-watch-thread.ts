/** A thread of a runner host: kills the process when a deadline passes that the main thread had to move. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const deadline = workerData as BigInt64Array;
const everyMs = 100;

setInterval(() => {
  const at = Atomics.load(deadline, 0);
  if (at === 0n || process.hrtime.bigint() < at) return;
  const why = "something (an agent?) blocks this process, which cannot keep its locks; others may run its samples";
  writeSync(2, `error: ${why}: it ends now\n`);
  process.kill(process.pid, "SIGKILL");
}, everyMs);
