import type { Check } from "../check.js";
import { demand, refused } from "../expectation.js";
import { refusal, samples } from "../fake-task.js";
import { registers } from "./registration-checks.js";
import type { ControllerStage } from "./stage.js";
import { starts } from "./starting-checks.js";

const returned = "Error: Worker returned error\n";
const silent = "Error: Worker not responding\n";

export const workerErrorChecks: Check<ControllerStage>[] = [
  {
    id: "start_sample.worker-error",
    title: "a worker's error comes with its status, and its body as text",
    needs: [registers],
    run: async (stage) => refused(await stage.start(samples.refuses), refusal.status, `${returned}${refusal.text}`),
  },
  {
    id: "start_sample.worker-full",
    title: "a worker's 406 is 406",
    needs: [registers],
    run: async (stage) => {
      const reply = await stage.start(samples.full);
      demand(reply.status === 406, `${reply.call}: 406`, reply);
      return reply.text.includes("returned error") ? "the worker's own, as v0.2" : "none of the workers takes it";
    },
  },
  {
    id: "start_sample.worker-silent",
    title: "a worker that breaks the connection is 400",
    needs: [registers],
    run: async (stage) => {
      const worker = await stage.worker(4);
      refused(await stage.start(samples.breaksAtStart, worker), 400, silent, true);
    },
  },
  {
    id: "interact.worker-silent",
    title: "a worker that breaks the connection is 400",
    needs: [starts],
    run: async (stage) => {
      const worker = await stage.worker(4);
      refused(await stage.say(await stage.open(samples.breaks, worker)), 400, silent, true);
    },
  },
  {
    id: "interact.raises",
    title: "a task that raises is 501 with the worker's body as text",
    needs: [starts],
    run: async (stage) => {
      const id = await stage.open(samples.raises);
      const session = stage.main.sessions.get(id);
      const reply = await stage.say(id);
      const output = {
        index: samples.raises,
        status: "task error",
        result: "the task raised",
        history: session?.history,
      };
      refused(reply, 501, `${returned}${JSON.stringify({ detail: { session_id: id, output } })}`);
    },
  },
];
