import type { Check } from "../check.js";
import {
  accepted,
  bool,
  demand,
  epochSeconds,
  exactly,
  fieldsOf,
  integer,
  isObject,
  jsonOf,
  refused,
} from "../expectation.js";
import { indices } from "../fake-task.js";
import type { ControllerStage } from "./stage.js";

/** Without it no other check of a task can be made. */
export const registers = "receive_heartbeat.registers";

export const registrationChecks: Check<ControllerStage>[] = [
  { id: registers, title: "a v0.2 worker registers", run: register },
  {
    id: "list_workers.entry",
    title: "the worker is listed, in v0.2's form",
    needs: [registers],
    run: listedInForm,
  },
  {
    id: "receive_heartbeat.again",
    title: "a second heartbeat is the same worker's, and a visit",
    needs: ["list_workers.entry"],
    run: beatAgain,
  },
  {
    id: "receive_heartbeat.other-indices",
    title: "a second worker with other indices is refused",
    needs: [registers],
    run: async ({ client, host, main }) => {
      const other = { ...host.add(1).heartbeat, name: main.name, indices: [0] };
      const reply = await client.post("/receive_heartbeat", other);
      refused(reply, 400, "Error: Task already exists with different indices");
    },
  },
  {
    id: "receive_heartbeat.abnormal",
    title: "a worker that cannot be asked what it runs is refused",
    run: async ({ client, host }) => {
      const heartbeat = { ...host.add(1).heartbeat, address: host.deadAddress };
      refused(await client.post("/receive_heartbeat", heartbeat), 400, "Error: Worker status abnormal");
    },
  },
  {
    id: "get_indices.list",
    title: "a task's indices, integers and texts, as they were registered",
    needs: [registers],
    run: async ({ client, main }) => accepted(await client.get(`/get_indices?name=${main.name}`), indices),
  },
];

async function register(stage: ControllerStage): Promise<void> {
  try {
    await stage.keep();
  } catch (error) {
    if (stage.main.requests.length > 0 || !(error instanceof Error) || !("received" in error)) throw error;
    const hint = `the fake worker at ${stage.main.address} got no requests: check --listen and --advertise`;
    throw Object.assign(error, { received: `${error.received} (${hint})` });
  }
}

async function listedInForm(stage: ControllerStage): Promise<void> {
  await stage.keep();
  const { key, entry } = await stage.listed();
  const { id } = fieldsOf(
    entry,
    {
      id: integer,
      capacity: exactly(stage.main.concurrency),
      current: exactly(0),
      last_visit: epochSeconds,
      status: exactly(0),
      locked: bool,
    },
    "GET /list_workers: the worker",
  );
  demand(key === String(id), `GET /list_workers: the worker under its id ${id}`, key);
  const reply = await stage.client.get("/list_workers");
  const tasks = fieldsOf(jsonOf(reply), { [stage.main.name]: ["an object", isObject] }, reply.call);
  fieldsOf(tasks[stage.main.name], { indices: exactly(indices) }, `${reply.call}.${stage.main.name}`);
}

async function beatAgain(stage: ControllerStage): Promise<void> {
  const before = await stage.listed();
  accepted(await stage.client.post("/receive_heartbeat", stage.main.heartbeat), null);
  const after = await stage.listed();
  demand(after.key === before.key, `GET /list_workers: the worker under ${before.key} still`, after.key);
  const [first, second] = [before, after].map(({ entry }) => Number(entry.last_visit));
  demand(Number(second) > Number(first), "GET /list_workers: a later last_visit", { before: first, after: second });
}
