import { type Check, Skip } from "../check.js";
import { accepted, refused } from "../expectation.js";
import { gone, opens } from "./session-checks.js";
import type { WorkerStage } from "./stage.js";

/** More sessions than that are not opened to see a limit. */
const maxCapacity = 64;

/** The last: they take every slot and end what others run. */
export const capacityChecks: Check<WorkerStage>[] = [
  {
    id: "start_sample.limit",
    title: "one sample more than the capacity is 406",
    needs: [opens],
    destructive: true,
    run: limit,
  },
  {
    id: "cancel_all.ends",
    title: "cancel_all without a body is 200 null and ends every session",
    needs: [opens],
    destructive: true,
    run: async (stage) => {
      const { id } = await stage.openRunning();
      const empty = { text: "", headers: { "content-type": "application/octet-stream" } };
      accepted(await stage.client.send("POST", "/cancel_all", empty), null);
      await gone(stage, [id]);
    },
  },
];

async function limit(stage: WorkerStage): Promise<void> {
  await stage.clear();
  const { concurrency, current } = await stage.capacity();
  if (concurrency > maxCapacity) throw new Skip(`its capacity is ${concurrency}: more than ${maxCapacity}`);
  for (let free = concurrency - current; free > 0; free -= 1) await stage.openRunning();
  const { reply: refusal } = await stage.start();
  refused(refusal, 406, `Sample concurrency limit reached: ${concurrency}`);
  await stage.clear();
}
