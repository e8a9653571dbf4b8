import { unknownSession } from "../body-checks.js";
import type { Check } from "../check.js";
import { accepted, demand, refused } from "../expectation.js";
import { samples } from "../fake-task.js";
import { sessionReplyOf } from "../output.js";
import type { ControllerStage } from "./stage.js";
import { gone, starts } from "./starting-checks.js";

export const capacityChecks: Check<ControllerStage>[] = [
  {
    id: "start_sample.no-workers",
    title: "where every slot is taken it is 406, and a slot that was freed is used again",
    needs: [starts],
    run: async (stage) => {
      const worker = await stage.worker(1);
      const id = await stage.open(samples.plain, worker);
      refused(await stage.start(samples.long, worker), 406, "Error: No workers available");
      sessionReplyOf(await stage.say(id));
      await gone(stage, id);
      await stage.open(samples.long, worker);
    },
  },
  {
    id: "cancel.ends",
    title: "a cancelled session ends at its worker and is listed no more",
    needs: [starts],
    run: async (stage) => {
      const id = await stage.open(samples.plain);
      accepted(await stage.cancel(id), { session_id: id });
      demand(!stage.main.sessions.has(id), "the worker is told to cancel it", stage.main.last("cancel"));
      await gone(stage, id);
    },
  },
  {
    id: "cancel.no-such-session",
    title: "an unknown session is 400",
    run: async (stage) => refused(await stage.cancel(unknownSession), 400, "Error: Session does not exist"),
  },
];
