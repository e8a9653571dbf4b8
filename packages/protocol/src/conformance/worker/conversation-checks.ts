import { type Check, Skip } from "../check.js";
import { demand, detailOf, refused } from "../expectation.js";
import { finished, type Output, running, sessionReplyOf } from "../output.js";
import type { Reply } from "../raw-client.js";
import { gone, opens } from "./session-checks.js";
import type { SampleIndex, WorkerStage } from "./stage.js";

export const conversation = "interact.conversation";

/** The check stops after this many turns of a task that never ends. */
const maxTurns = 50;

export const conversationChecks: Check<WorkerStage>[] = [
  { id: conversation, title: "turns until the sample is finished", required: true, needs: [opens], run: converseAll },
  {
    id: "interact.context-limit",
    title: "an answer of the status `agent context limit` needs no content",
    needs: [opens],
    run: async (stage) => {
      const { id, index } = await stage.openRunning();
      return `then ${turnOf(await stage.say(id, { status: "agent context limit" }), index).status}`;
    },
  },
  {
    id: "interact.default-status",
    title: "an answer without a status is a normal one",
    needs: [opens],
    run: async (stage) => {
      const { id, index } = await stage.openRunning();
      const output = turnOf(await stage.say(id, { content: stage.answer }), index);
      assertHeard(output, stage.answer);
    },
  },
  { id: "interact.busy", title: "two turns at once do not break a session", needs: [opens], run: twoAtOnce },
];

async function converseAll(stage: WorkerStage): Promise<string> {
  const ends: string[] = [];
  for (const index of stage.indices) ends.push(`${index}: ${await converse(stage, index)}`);
  return ends.join(", ");
}

async function converse(stage: WorkerStage, index: SampleIndex): Promise<string> {
  const { id, output: first } = await stage.openRunning(index);
  let output: Output = first;
  let turns = 0;
  for (; output.status === "running" && turns < maxTurns; turns += 1) {
    output = turnOf(await stage.say(id), index);
    assertHeard(output, stage.answer);
  }
  if (output.status === "running") return `still running after ${turns} turns`;
  stage.results.push(output);
  await gone(stage, [id]);
  refused(await stage.say(id), 400, "No such session");
  return `${output.status} after ${turns} turns`;
}

/** The output of a turn: the next message, the end, or 501 where the task raised. */
function turnOf(reply: Reply, index: SampleIndex): Output {
  const { output } = sessionReplyOf(reply, reply.status === 501 ? 501 : 200);
  if (output.status === "running") running(output, reply.call);
  else finished(output, index, reply.call);
  return output;
}

function assertHeard({ history }: Output, answer: string): void {
  const isThere = (history ?? []).some(({ role, content }) => role === "agent" && content === answer);
  demand(isThere, `POST /interact: history with what the agent said, ${JSON.stringify(answer)}`, history);
}

/** A fast task is through with the first before the second comes. */
async function twoAtOnce(stage: WorkerStage): Promise<string> {
  const { id } = await stage.openRunning();
  const replies = await Promise.all([stage.say(id), stage.say(id)]);
  const refusals = ["Task Executing, please do not send new request.", "No such session"];
  for (const reply of replies) {
    const isFine =
      [200, 501].includes(reply.status) || (reply.status === 400 && refusals.includes(String(detailOf(reply))));
    demand(isFine, `${reply.call}: a turn, or 400 ${JSON.stringify(refusals[0])}`, reply);
  }
  const taken = replies.filter(({ status }) => status !== 400).length;
  demand(taken > 0, "one of two turns at once is taken", replies[0]);
  return taken === 2 ? "the first was over when the second came" : "the second is refused";
}

/** The results to aggregate. */
export function resultsOf(stage: WorkerStage): Output[] {
  const results = stage.results.filter(({ status }) => status !== "task error");
  if (results.length > 0) return results;
  throw new Skip("no sample has come to an end: another --index or --answer may help");
}
