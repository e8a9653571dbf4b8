import type { Check } from "../check.js";
import { bool, demand, epochSeconds, exactly, fieldsOf, refused } from "../expectation.js";
import { samples } from "../fake-task.js";
import { finished, running, sessionReplyOf } from "../output.js";
import { settled, settleMs } from "../waiting.js";
import { registers } from "./registration-checks.js";
import type { ControllerStage } from "./stage.js";

export const starts = "start_sample.opens";

export const startingChecks: Check<ControllerStage>[] = [
  { id: starts, title: "a session opens and says the task's first message", needs: [registers], run: opens },
  {
    id: "start_sample.text-index",
    title: "a sample whose index is a text",
    needs: [registers],
    run: async (stage) => {
      await stage.open(samples.named);
      demand(
        stage.main.last("start_sample")?.body.index === samples.named,
        "the worker is asked for it",
        stage.main.last("start_sample"),
      );
    },
  },
  { id: "list_sessions.entry", title: "the session is listed, in v0.2's form", needs: [starts], run: listed },
  {
    id: "list_workers.current",
    title: "the session takes a unit of capacity",
    needs: [starts],
    run: async (stage) => {
      const before = Number((await stage.listed()).entry.current);
      await stage.open(samples.plain);
      const { entry } = await stage.listed();
      demand(entry.current === before + 1, `GET /list_workers: current ${before + 1}`, entry);
    },
  },
  {
    id: "start_sample.no-such-task",
    title: "an unknown task is 406",
    run: async ({ client }) =>
      refused(
        await client.post("/start_sample", { name: "conformance-none", index: 0 }),
        406,
        "Error: Task does not exist",
      ),
  },
  {
    id: "start_sample.no-such-index",
    title: "an index that the task does not have is 400",
    needs: [registers],
    run: async (stage) => refused(await stage.start("no such sample"), 400, "Error: Index out of bounds"),
  },
  {
    id: "start_sample.number-as-text",
    title: "an index in a text is taken for a number or refused",
    needs: [starts],
    run: async (stage) => {
      const reply = await stage.start(String(samples.plain));
      if (reply.status === 200) return "taken, as v0.2";
      refused(reply, 400, "Error: Index out of bounds");
      return "refused: a text is no number";
    },
  },
  {
    id: "start_sample.raises",
    title: "a task that raises before it asks: 200 with the status `task error`, and the session is over",
    needs: [registers],
    run: async (stage) => {
      const reply = await stage.start(samples.raisesAtStart);
      const { sessionId, output } = sessionReplyOf(reply);
      finished(output, samples.raisesAtStart, reply.call);
      fieldsOf(output, { status: exactly("task error") }, reply.call);
      await gone(stage, sessionId);
    },
  },
];

async function opens(stage: ControllerStage): Promise<void> {
  const reply = await stage.start(samples.plain);
  const { sessionId, output } = sessionReplyOf(reply);
  running(output, reply.call);
  const sent = stage.main.last("start_sample")?.body;
  fieldsOf(sent, { index: exactly(samples.plain), session_id: exactly(sessionId) }, "what the worker was sent");
  fieldsOf(output, { history: exactly(stage.main.sessions.get(sessionId)?.history) }, reply.call);
}

async function listed(stage: ControllerStage): Promise<void> {
  const id = await stage.open(samples.long);
  const worker = (await stage.listed()).entry.id;
  const rules = {
    name: exactly(stage.main.name),
    index: exactly(samples.long),
    start: epochSeconds,
    last_update: epochSeconds,
    worker_id: exactly(worker),
    locked: bool,
  };
  fieldsOf((await stage.sessions())[id], rules, `GET /list_sessions: ${id}`);
}

/** Resolves when a session is not listed any more. */
export async function gone(stage: ControllerStage, id: number): Promise<void> {
  await settled(
    async () => {
      const sessions = await stage.sessions();
      demand(!(id in sessions), `GET /list_sessions: without ${id}, which is over`, sessions[id]);
    },
    Math.min(settleMs, stage.client.timeoutMs),
  );
}
