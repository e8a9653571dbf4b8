import { unknownSession } from "../body-checks.js";
import type { Check } from "../check.js";
import { accepted, demand, isObject, jsonOf, refused } from "../expectation.js";
import { finished, running } from "../output.js";
import { settled } from "../waiting.js";
import type { WorkerStage } from "./stage.js";

export const opens = "start_sample.opens";
const noSession = "No such session";

export const sessionChecks: Check<WorkerStage>[] = [
  { id: opens, title: "a session opens under the id that was given", required: true, run: open },
  {
    id: "start_sample.extra-fields",
    title: "unknown fields are ignored",
    needs: [opens],
    run: async (stage) => void (await stage.open(stage.index, { unknown_field: { a: 1 } })),
  },
  {
    id: "start_sample.same-id",
    title: "an id that is taken is 400",
    needs: [opens],
    run: async (stage) => {
      const { id, index } = await stage.openRunning();
      const reply = await stage.client.post("/start_sample", { index, session_id: id });
      refused(reply, 400, "Session ID already exists");
    },
  },
  {
    id: "cancel.ends",
    title: "a cancelled session is known no more",
    needs: [opens],
    run: cancel,
  },
  {
    id: "cancel.no-such-session",
    title: "an unknown session is 400",
    run: async (stage) => refused(await stage.cancel(unknownSession), 400, noSession),
  },
  {
    id: "interact.no-such-session",
    title: "an unknown session is 400",
    run: async (stage) => refused(await stage.say(unknownSession), 400, noSession),
  },
];

/** A task that raises before it asks answers 200 as well. */
async function open(stage: WorkerStage): Promise<string> {
  const { index, reply, output } = await stage.open();
  if (output.status === "running") running(output, reply.call);
  else finished(output, index, reply.call);
  return output.status;
}

async function cancel(stage: WorkerStage): Promise<string | undefined> {
  const { id } = await stage.openRunning();
  const reply = await stage.cancel(id);
  const body = jsonOf(reply);
  // An extension: the task has not ended yet, and holds its capacity until it has.
  if (isObject(body) && body.pending === true) return "its task takes its time to end";
  accepted(reply, { session_id: id });
  await gone(stage, [id]);
  refused(await stage.cancel(id), 400, noSession);
  return undefined;
}

/** Resolves when none of the sessions is listed any more. */
export async function gone(stage: WorkerStage, ids: readonly number[]): Promise<void> {
  await settled(async () => {
    const sessions = await stage.sessions();
    const left = ids.filter((id) => id in sessions);
    demand(left.length === 0, `GET /get_sessions: without ${left.join(", ")}, which ended`, sessions);
  }, stage.client.timeoutMs);
}
