import type { Check } from "../check.js";
import { accepted, demand, exactly, fieldsOf, refused } from "../expectation.js";
import { overallReply } from "../fake-task.js";
import { registers } from "./registration-checks.js";
import type { ControllerStage } from "./stage.js";

const results = [
  { index: 0, status: "completed", result: { note: "first" }, history: [{ role: "user", content: "Question" }] },
  { index: "sample-one", status: "task limit reached", result: null, history: null },
];

export const overallChecks: Check<ControllerStage>[] = [
  {
    id: "calculate_overall.passes",
    title: "results go to a worker of the task, and what it says comes back unchanged",
    needs: [registers],
    run: async (stage) => {
      await stage.keep();
      const { client, main } = stage;
      accepted(await client.post("/calculate_overall", { name: main.name, results }), overallReply);
      const sent = main.last("calculate_overall")?.body.results;
      demand(Array.isArray(sent) && sent.length === results.length, "the worker gets both results", sent);
      for (const [position, { index, status, result }] of results.entries()) {
        const rules = { index: exactly(index), status: exactly(status), result: exactly(result) };
        fieldsOf(sent[position], rules, `what the worker was sent: results[${position}]`);
      }
    },
  },
  {
    id: "calculate_overall.no-such-task",
    title: "an unknown task is 400",
    run: async ({ client }) => {
      const reply = await client.post("/calculate_overall", { name: "conformance-none", results: [] });
      refused(reply, 400, "Error: Task does not exist");
    },
  },
];
