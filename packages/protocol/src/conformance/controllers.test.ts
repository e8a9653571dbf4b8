import { expect, test } from "vitest";
import { checkController } from "./index.js";
import { V02Controller } from "./testing/v02-controller.js";
import type { Tamper } from "./testing/v02-server.js";

async function failedOf(tamper: Tamper, timeoutMs = 10_000) {
  const { url } = await V02Controller.start(tamper);
  const report = await checkController({ url, timeoutMs });
  expect(report.ok).toBe(report.counts.failed === 0);
  return report.checks.filter(({ outcome }) => outcome === "failed");
}

/** Changes the reply of one route. */
function on(route: string, change: Tamper): Tamper {
  return (path, answer, body) => (path === route ? change(path, answer, body) : answer);
}

test("a v0.2 controller passes, and nothing is left open", async () => {
  const { url, controller } = await V02Controller.start();
  const report = await checkController({ url, destructive: true });
  expect(report.checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect(report).toMatchObject({ role: "controller", url, ok: true, counts: { failed: 0, skipped: 0 } });
  expect(controller.sessions.size).toBe(0);
  expect([...controller.tasks.keys()].every((name) => /^conformance-[0-9a-f]{12}$/.test(name))).toBe(true);
  const notes = Object.fromEntries(report.checks.map(({ id, note }) => [id, note]));
  expect(notes["start_sample.number-as-text"]).toBe("taken, as v0.2");
  expect(notes["body.not-json"]).toBe("repeats the body, as v0.2");
  expect(notes["interact.number-as-result"]).toBe("true, as v0.2");
  expect(notes["interact.busy"]).toBe("the second one: 200 after the first, as v0.2");
});

test("checks that end all sessions are skipped unless they are allowed", async () => {
  const paths = new Set<string>();
  const { url } = await V02Controller.start((path, answer) => {
    paths.add(path);
    return answer;
  });
  const { checks, ok } = await checkController({ url });
  expect(ok).toBe(true);
  const skipped = checks.filter(({ outcome }) => outcome === "skipped").map(({ id }) => id);
  expect(skipped).toEqual(["cancel_all.ends", "clean_session.null", "clean_worker.null"]);
  expect([...paths].filter((path) => /cancel_all|clean/.test(path))).toEqual([]);
});

/** Whatever was opened stays listed. */
function everListed(): Tamper {
  const opened: Record<string, unknown> = {};
  return (path, [status, value]) => {
    if (path === "/start_sample" && status === 200) opened[Object(value).session_id] = { name: "still running" };
    return [status, path === "/list_sessions" ? { ...opened, ...Object(value) } : value];
  };
}

const seen = (text: string) => new RegExp(text);

test.each<[what: string, Tamper, ids: string[], received: RegExp]>([
  [
    "a wrong status",
    on("/start_sample", (_, [status, value]) => [status === 406 ? 400 : status, value]),
    ["start_sample.no-such-task", "start_sample.worker-full", "start_sample.no-workers"],
    seen("400 .*Task does not exist"),
  ],
  [
    "a wrong text",
    on("/interact", (_, [status, value]) => [status, status === 400 ? { detail: "no such session" } : value]),
    ["interact.finished", "interact.no-such-session", "interact.worker-silent"],
    seen("no such session"),
  ],
  [
    "a wrong key",
    on("/list_workers", (_, [status, value]) => [
      status,
      JSON.parse(JSON.stringify(value).replaceAll("last_visit", "seen")),
    ]),
    ["list_workers.entry"],
    seen("seen"),
  ],
  [
    "milliseconds",
    on("/list_sessions", (_, [status, value]) => {
      const milliseconds = (_text: string, seconds: string) => `"start":${Number(seconds) * 1000}`;
      return [status, JSON.parse(JSON.stringify(value).replaceAll(/"start":([\d.]+)/g, milliseconds))];
    }),
    ["list_sessions.entry"],
    seen("start"),
  ],
  [
    "no JSON",
    on("/calculate_overall", (_, answer) => (answer[0] === 200 ? "fine" : answer)),
    ["calculate_overall.passes"],
    seen("fine"),
  ],
  [
    "another value of what is passed on",
    on("/calculate_overall", (_, [status, value]) => [
      status,
      status === 200 ? { ...Object(value), shown: [] } : value,
    ]),
    ["calculate_overall.passes"],
    seen("shown"),
  ],
  [
    "nothing said by an empty object",
    on("/sync_all", (_, [status]) => [status, {}]),
    ["sync_all.null"],
    seen("200 {}"),
  ],
  [
    "a validation error that repeats what was sent",
    on("/interact", (_, [status, value], body) => [status, status === 422 ? { ...Object(value), input: body } : value]),
    ["validation.no-echo"],
    seen("input|loc"),
  ],
  [
    "a validation error of another form",
    (_, answer) => (answer[0] === 422 ? [422, { detail: "invalid" }] : answer),
    ["get_indices.no-name", "validation.wrong-type", "start_sample.missing-fields"],
    seen("422 .*invalid"),
  ],
  ["a session that is listed for ever", everListed(), ["interact.finished", "cancel.ends"], seen("still running")],
  [
    "a last visit that stands still",
    on("/list_workers", (_, [status, value]) => [
      status,
      JSON.parse(JSON.stringify(value).replaceAll(/"last_visit":[\d.]+/g, '"last_visit":1700000000')),
    ]),
    ["receive_heartbeat.again"],
    seen('"after":1700000000'),
  ],
  [
    "a number that became a text",
    on("/interact", (_, [status, value]) => [
      status,
      JSON.parse(JSON.stringify(value).replace('"result":true', '"result":"1"')),
    ]),
    ["interact.number-as-result"],
    seen('"result":"1"'),
  ],
  [
    "405 without an allow header",
    (_, answer) => (answer[0] === 405 ? [405, answer[1]] : answer),
    ["routes.get-of-post", "routes.post-of-get"],
    seen("no allow header"),
  ],
])("%s is found", async (_what, tamper, ids, received) => {
  const failed = await failedOf(tamper);
  expect(failed.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  const [first] = failed.filter(({ id }) => ids.includes(id));
  expect(first?.expected).not.toBe("");
  expect(first?.received).toMatch(received);
});

test("a route that never answers fails its checks, and no others", async () => {
  const failed = await failedOf(
    on("/get_indices", () => "hang"),
    1_500,
  );
  expect(failed.map(({ id }) => id)).toEqual(["get_indices.no-name", "get_indices.no-such-task", "get_indices.list"]);
  expect(failed[0]).toMatchObject({
    expected: "an answer",
    received: expect.stringContaining("no answer within 1.5 s"),
  });
});

test("of an implementation that never answers not everything is tried", async () => {
  const { url } = await V02Controller.start(() => "hang");
  const { counts, checks } = await checkController({ url, timeoutMs: 200 });
  expect(counts).toEqual({ ok: 0, failed: 2, skipped: checks.length - 2 });
  expect(checks.find(({ id }) => id === "cancel.no-such-session")).toMatchObject({
    outcome: "skipped",
    reason: expect.stringContaining("was answered"),
  });
});

test("if a controller cannot call the fake worker back, the report explains how to fix this", async () => {
  const { url } = await V02Controller.start();
  const { checks } = await checkController({ url, advertise: "http://127.0.0.1:9/api" });
  const registers = checks.find(({ id }) => id === "receive_heartbeat.registers");
  expect(registers).toMatchObject({
    outcome: "failed",
    received: expect.stringMatching(/127\.0\.0\.1:9.*--advertise/),
  });
  const needs = checks.find(({ id }) => id === "start_sample.opens");
  expect(needs).toMatchObject({
    outcome: "skipped",
    reason: "it requires receive_heartbeat.registers, which did not pass",
  });
});

test("an interruption ends the checks and their open sessions", async () => {
  const interruption = new AbortController();
  const { url, controller } = await V02Controller.start(
    on("/interact", (_, answer) => {
      if (controller.sessions.size > 0) interruption.abort();
      return answer[0] === 200 ? "hang" : answer;
    }),
  );
  const { checks } = await checkController({ url, signal: interruption.signal });
  expect(checks.map(({ id }) => id)).toContain("start_sample.opens");
  expect(checks.map(({ id }) => id)).not.toContain("interact.conversation");
  expect(controller.sessions.size).toBe(0);
});
