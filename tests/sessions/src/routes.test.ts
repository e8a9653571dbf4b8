import { randomId } from "@eval/protocol";
import { expect, test } from "vitest";
import { connect, echoTask, get, post, say, startController, startWorker } from "./testbed.js";

test("a sample of our client: features, turns and a result, over every route that a run uses", async () => {
  const { address } = await startController();
  await startWorker(address);
  const client = connect(address);
  expect((await client.getIndices({ name: "echo" })).value).toEqual([0, 1, 2, "3"]);
  const start = await client.startSample({
    name: "echo",
    index: "3",
    request_id: randomId(),
    owner: "r/1",
    lease_s: 60,
  });
  expect(start.value).toMatchObject({ features: ["replay"], turn: 0, output: { status: "running", index: null } });
  const { session_id } = start.value;
  expect((await client.listSessions(undefined)).value[session_id]).toMatchObject({ name: "echo", index: "3" });
  expect((await client.renew({ owner: "r/1", lease_s: 60 })).value).toEqual({ sessions: 1 });
  const first = await client.interact({ session_id, agent_response: say("a"), turn: 1, wait_ms: 5_000 });
  expect(first.value).toMatchObject({ turn: 1, output: { status: "running" } });
  const last = await client.interact({ session_id, agent_response: say("b"), turn: 2, wait_ms: 5_000 });
  expect(last.value.output).toMatchObject({ index: "3", status: "completed", result: { heard: 2 } });
  expect(last.value.output.history?.map(({ content }) => content)).toEqual(["question 0", "a", "question 1", "b"]);
  expect((await client.listSessions(undefined)).value).toEqual({});
  const overall = await client.calculateOverall({ name: "echo", results: [last.value.output] });
  expect(overall.value).toEqual({ count: 1, indices: ["3"] });
  expect((await client.health(undefined)).value).toMatchObject({ status: "ok" });
});

test("a v0.2 client gets v0.2's replies, and nothing else", async () => {
  const { address } = await startController();
  await startWorker(address);
  const start = await post(address, "start_sample", { name: "echo", index: 1, unknown_field: true });
  const { session_id } = start.body as { session_id: number };
  const history = [{ role: "user", content: "question 0" }];
  expect(start.body).toEqual({ session_id, output: { index: null, status: "running", result: null, history } });
  const turn = await post(address, "interact", { session_id, agent_response: { content: "a" } });
  expect(Object.keys(turn.body)).toEqual(["session_id", "output"]);
  expect(await post(address, "cancel", { session_id })).toMatchObject({ status: 200, body: { session_id } });
  for (const route of ["cancel_all", "sync_all", "clean_session", "clean_worker"]) {
    const octets = { "content-type": "application/octet-stream" };
    expect(await post(address, route, undefined, octets)).toMatchObject({ status: 200, body: null });
    expect(await post(address, route, "not JSON")).toMatchObject({ status: 200, body: null });
  }
  const { body } = await get(address, "list_workers");
  expect(body).toMatchObject({
    echo: { indices: [0, 1, 2, "3"], workers: { 0: { capacity: 4, current: 0, status: 0 } } },
  });
  expect((body as { echo: { workers: Record<string, object> } }).echo.workers[0]).toHaveProperty("locked", false);
});

test("v0.2's errors, with their statuses and texts", async () => {
  const { address } = await startController();
  await startWorker(address, { task: echoTask({ concurrency: 1 }) });
  const start = (name: string, index: unknown) => post(address, "start_sample", { name, index });
  expect(await start("none", 0)).toMatchObject({ status: 406, body: { detail: "Error: Task does not exist" } });
  expect(await start("echo", 9)).toMatchObject({ status: 400, body: { detail: "Error: Index out of bounds" } });
  expect(await start("echo", "0")).toMatchObject({ status: 400, body: { detail: "Error: Index out of bounds" } });
  expect((await start("echo", 0)).status).toBe(200);
  expect(await start("echo", 1)).toMatchObject({ status: 406, body: { detail: "Error: No workers available" } });
  const unknown = { status: 400, body: { detail: "Error: Session does not exist" } };
  expect(await post(address, "interact", { session_id: 5, agent_response: { content: "x" } })).toMatchObject(unknown);
  expect(await post(address, "cancel", { session_id: 5 })).toMatchObject(unknown);
  const noTask = { status: 400, body: { detail: "Error: Task does not exist" } };
  expect(await get(address, "get_indices?name=none")).toMatchObject(noTask);
  expect(await post(address, "calculate_overall", { name: "none", results: [] })).toMatchObject(noTask);
});

test("a task that throws during a turn: 501, the output as text in the detail, and the session is over", async () => {
  const { address } = await startController();
  const task = echoTask();
  task.think = () => {
    throw new Error("no database");
  };
  await startWorker(address, { task });
  const { session_id } = (await post(address, "start_sample", { name: "echo", index: 0 })).body as {
    session_id: number;
  };
  const turn = await post(address, "interact", { session_id, agent_response: { content: "a" } });
  expect(turn.status).toBe(501);
  const { detail } = turn.body as { detail: string };
  const [line, body] = [detail.slice(0, detail.indexOf("\n")), JSON.parse(detail.slice(detail.indexOf("\n")))];
  expect(line).toBe("Error: Worker returned error");
  expect(body).toMatchObject({ detail: { session_id, output: { status: "task error", result: "no database" } } });
  expect((await get(address, "list_sessions")).body).toEqual({});
});

test.each([
  ["start_sample", "{", [{ loc: ["body", 1], type: "value_error.jsondecode" }]],
  ["start_sample", undefined, [{ loc: ["body"], msg: "field required", type: "value_error.missing" }]],
  [
    "start_sample",
    {},
    [
      { loc: ["body", "name"], msg: "field required", type: "value_error.missing" },
      { loc: ["body", "index"], msg: "field required", type: "value_error.missing" },
    ],
  ],
  ["start_sample", { name: 5, index: 0 }, [{ loc: ["body", "name"], type: "type_error.str" }]],
  ["start_sample", { name: "e", index: 0.5 }, [{ type: "type_error.integer" }, { type: "type_error.str" }]],
  ["cancel", { session_id: "5" }, [{ loc: ["body", "session_id"] }]],
  ["cancel", { session_id: null }, [{ loc: ["body", "session_id"], type: "type_error.none.not_allowed" }]],
  [
    "interact",
    { session_id: 1, agent_response: { status: "normal" } },
    [{ loc: ["body", "agent_response", "content"], type: "value_error.missing" }],
  ],
])("422 of %s for %j", async (route, body, detail) => {
  const { address } = await startController();
  const reply = await post(address, route, body);
  expect(reply).toMatchObject({ status: 422, body: { detail } });
});

test("unknown routes, wrong methods (HEAD too), paths that cannot be decoded, and a missing query parameter", async () => {
  const { address } = await startController();
  expect(await get(address, "nothing")).toMatchObject({ status: 404, body: { detail: "Not Found" } });
  expect(await get(address, "%E0%A4%A")).toMatchObject({ status: 404 });
  for (const [method, route, allow] of [
    ["GET", "start_sample", "POST"],
    ["HEAD", "list_workers", "GET"],
    ["OPTIONS", "list_workers", "GET"],
    ["PUT", "interact", "POST"],
  ] as const) {
    const reply = await fetch(`${address}/${route}`, { method });
    expect([reply.status, reply.headers.get("allow")]).toEqual([405, allow]);
  }
  const detail = [{ loc: ["query", "name"], msg: "field required", type: "value_error.missing" }];
  expect(await get(address, "get_indices")).toMatchObject({ status: 422, body: { detail } });
});

test("a body over the size limit is 413 with the limit, whether its length is announced or not", async () => {
  const { address } = await startController({ maxBodyBytes: 1_000 });
  const message = { status: 413, body: { detail: expect.stringContaining("1000 bytes") } };
  expect(await post(address, "start_sample", { name: "x".repeat(1_100), index: 0 })).toMatchObject(message);
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.alloc(600, "x"));
      controller.enqueue(Buffer.alloc(600, "x"));
      controller.close();
    },
  });
  const reply = await fetch(`${address}/start_sample`, { method: "POST", body: stream, duplex: "half" } as RequestInit);
  expect({ status: reply.status, body: await reply.json() }).toMatchObject(message);
});

test("every request except /health requires the token, as Bearer or as Basic's password", async () => {
  const { address } = await startController({ token: "secret" });
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  const statusFor = async (authorization?: string) =>
    (await get(address, "list_workers", authorization === undefined ? {} : { authorization })).status;
  expect(await statusFor()).toBe(401);
  for (const wrong of ["Bearer", "Bearer secre", "Bearer secret2", "secret", basic("secret:other"), "Basic !!!"]) {
    expect(await statusFor(wrong)).toBe(401);
  }
  for (const right of ["Bearer secret", "bearer secret", basic("anybody:secret"), basic(":secret")]) {
    expect(await statusFor(right)).toBe(200);
  }
  expect((await post(address, "start_sample", { name: "echo", index: 0 })).headers.get("www-authenticate")).toContain(
    "Bearer",
  );
  expect((await fetch(address.replace(/api$/, "health"))).status).toBe(200);
  await startWorker(address, { token: "secret" });
  const withPassword = connect(address.replace("http://", "http://me:secret@"));
  expect(Object.keys((await withPassword.listWorkers({ indices: "0" })).value)).toEqual(["echo"]);
  await expect(connect(address, { token: "wrong" }).listWorkers({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});
