/** A thread of a runner host: kills the process when a deadline passes while the main thread is blocked. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { watchSlots } from "./lock-watch.js";

const told = workerData as BigInt64Array;
const everyMs = 100;

/** So many looks without a turn of the main thread. In looks, so that a process that was suspended is given the time. */
const blockedLooks = 5;

let lastTurns = -1n;
let looks = 0;

setInterval(() => {
  const turns = Atomics.load(told, watchSlots.turns);
  looks = turns === lastTurns ? looks + 1 : 0;
  lastTurns = turns;
  const at = Atomics.load(told, watchSlots.deadline);
  if (at === 0n || process.hrtime.bigint() < at || looks < blockedLooks) return;
  const why = "something (an agent?) blocks this process, which cannot keep its locks; others may run its samples";
  writeSync(2, `error: ${why}: it ends now\n`);
  process.kill(process.pid, "SIGKILL");
}, everyMs);
