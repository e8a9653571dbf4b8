import { setTimeout as delay } from "node:timers/promises";
import { unknownSession } from "../body-checks.js";
import type { Check } from "../check.js";
import { demand, exactly, fieldsOf, refused } from "../expectation.js";
import { keptResult, samples } from "../fake-task.js";
import { finished, running, sessionReplyOf } from "../output.js";
import type { ControllerStage } from "./stage.js";
import { gone, starts } from "./starting-checks.js";

const noSession = "Error: Session does not exist";

export const turnChecks: Check<ControllerStage>[] = [
  { id: "interact.conversation", title: "turns until the sample is completed", needs: [starts], run: converse },
  {
    id: "interact.finished",
    title: "a session that is over is known no more and holds no capacity",
    needs: ["interact.conversation"],
    run: over,
  },
  {
    id: "interact.number-as-result",
    title: "a result of 1 comes as 1 or as true",
    needs: ["interact.conversation"],
    run: async (stage) => {
      const { output } = sessionReplyOf(await stage.say(await stage.open(samples.numeric)));
      demand(output.result === 1 || output.result === true, "POST /interact: a result of 1 or true", output);
      return output.result === true ? "true, as v0.2" : "1";
    },
  },
  {
    id: "interact.default-status",
    title: "an answer without a status is a normal one",
    needs: [starts],
    run: async (stage) => {
      const session_id = await stage.open(samples.plain);
      sessionReplyOf(await stage.client.post("/interact", { session_id, agent_response: { content: "Bare" } }));
      const said = stage.main.last("interact")?.body.agent_response;
      fieldsOf(said, { status: exactly("normal"), content: exactly("Bare") }, "what the worker was sent");
    },
  },
  ...["agent context limit", "cancelled"].map((status) => ({
    id: `interact.${status.replaceAll(" ", "-")}`,
    title: `an answer of the status \`${status}\` needs no content and reaches the worker`,
    needs: [starts],
    run: async (stage: ControllerStage) => {
      const session_id = await stage.open(samples.plain);
      sessionReplyOf(await stage.client.post("/interact", { session_id, agent_response: { status } }));
      const said = stage.main.last("interact")?.body.agent_response;
      fieldsOf(said, { status: exactly(status) }, "what the worker was sent");
    },
  })),
  {
    id: "interact.no-such-session",
    title: "an unknown session is 400",
    run: async (stage) => refused(await stage.say(unknownSession), 400, noSession),
  },
  { id: "interact.busy", title: "a second turn while one is executed does not disturb it", needs: [starts], run: busy },
];

async function converse(stage: ControllerStage): Promise<void> {
  const id = await stage.open(samples.long);
  const answers = ["žluťoučký kůň \u{1f40e}", 'with "quotes"\nand lines', "the last"];
  for (const [turn, content] of answers.entries()) {
    const session = stage.main.sessions.get(id);
    const reply = await stage.say(id, content);
    const { sessionId, output } = sessionReplyOf(reply);
    demand(sessionId === id, `${reply.call}: the session_id ${id}`, reply);
    const sent = { session_id: id, agent_response: { status: "normal", content } };
    fieldsOf(stage.main.last("interact")?.body, rulesOf(sent), "what the worker was sent");
    const isLast = turn === answers.length - 1;
    if (!isLast) running(output, reply.call);
    else {
      finished(output, samples.long, reply.call);
      fieldsOf(output, { status: exactly("completed"), result: exactly(keptResult) }, reply.call);
    }
    fieldsOf(output, { history: exactly(session?.history) }, reply.call);
  }
}

function rulesOf(values: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, exactly(value)]));
}

async function over(stage: ControllerStage): Promise<void> {
  const worker = await stage.worker(1);
  const id = await stage.open(samples.plain, worker);
  sessionReplyOf(await stage.say(id));
  await gone(stage, id);
  const { entry } = await stage.listed(worker);
  demand(entry.current === 0, "GET /list_workers: current 0", entry);
  refused(await stage.say(id), 400, noSession);
  refused(await stage.cancel(id), 400, noSession);
}

/** v0.2 lets the second one wait, and may answer it with a 500; others refuse it at once. */
async function busy(stage: ControllerStage): Promise<string> {
  const id = await stage.open(samples.held);
  const release = stage.main.hold();
  const arrived = stage.main.received("interact");
  const first = stage.say(id, "The first");
  await Promise.race([arrived, first]);
  let isFirstOver = false;
  const second = stage.say(id, "The second").then((reply) => ({ reply, waited: isFirstOver }));
  const patienceMs = Math.min(500, stage.client.timeoutMs / 3);
  await Promise.race([second.catch(() => {}), delay(patienceMs)]);
  isFirstOver = true;
  release();
  const [one, { reply, waited }] = await Promise.all([first, second]);
  running(sessionReplyOf(one).output, one.call);
  demand([200, 400, 409, 500].includes(reply.status), "the second turn: 400 or 409 at once (v0.2: 200 or 500)", reply);
  return `the second one: ${reply.status} ${waited ? "after the first, as v0.2" : "at once"}`;
}
