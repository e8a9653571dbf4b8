import { unknownSession } from "../body-checks.js";
import type { Check } from "../check.js";
import {
  bool,
  count,
  demand,
  exactly,
  fieldsOf,
  integer,
  isObject,
  jsonOf,
  type Rule,
  refused,
} from "../expectation.js";
import { opens } from "./session-checks.js";
import type { WorkerStage } from "./stage.js";

const objectOrNull: Rule = ["an object or null", (value) => value === null || isObject(value)];

export const statusChecks: Check<WorkerStage>[] = [
  {
    id: "get_indices.list",
    title: "the indices, integers and texts",
    run: async (stage) => {
      const reply = await stage.client.get("/get_indices");
      const list = jsonOf(reply);
      const isList = Array.isArray(list) && list.every((one) => Number.isInteger(one) || typeof one === "string");
      demand(isList, `${reply.call}: a list of integers and texts`, reply);
      for (const index of stage.indices)
        demand(list.includes(index), `${reply.call}: with ${JSON.stringify(index)}`, reply);
    },
  },
  {
    id: "worker_status.fields",
    title: "the capacity, and what is taken of it",
    run: async ({ client }) => {
      const reply = await client.get("/worker_status");
      fieldsOf(jsonOf(reply), { concurrency: count, current: count }, reply.call);
    },
  },
  {
    id: "worker_status.current",
    title: "a session takes a unit of capacity",
    needs: [opens],
    run: async (stage) => {
      await stage.openRunning();
      const reply = await stage.client.get("/worker_status");
      const { current } = fieldsOf(jsonOf(reply), { current: integer }, reply.call);
      demand(Number(current) >= 1, `${reply.call}: current of at least 1`, reply);
    },
  },
  {
    id: "get_sessions.entry",
    title: "a session is listed with its index",
    needs: [opens],
    run: async (stage) => {
      const { id, index } = await stage.openRunning();
      fieldsOf(await stage.sessions(), { [id]: exactly(index) }, "GET /get_sessions");
    },
  },
  {
    id: "sample_status.fields",
    title: "what a session waits for",
    needs: [opens],
    run: async (stage) => {
      const { id, index } = await stage.openRunning();
      const reply = await stage.client.post("/sample_status", { session_id: id });
      const outer = { session_id: exactly(id), index: exactly(index) };
      const { status } = fieldsOf(jsonOf(reply), { ...outer, status: ["an object", isObject] }, reply.call);
      const waits = { waiting_for_env: bool, waiting_for_agent: bool };
      fieldsOf(status, { ...waits, env_input: objectOrNull, env_output: objectOrNull }, `${reply.call}: status`);
    },
  },
  {
    id: "sample_status.no-such-session",
    title: "an unknown session is 400",
    run: async ({ client }) =>
      refused(await client.post("/sample_status", { session_id: unknownSession }), 400, "No such session"),
  },
];
