import { describe, expect, test } from "vitest";
import { checkWorker } from "./index.js";
import { summaryOf } from "./report.js";
import type { Tamper } from "./testing/v02-server.js";
import { V02Worker, type V02WorkerOptions } from "./testing/v02-worker.js";

function on(route: string, change: Tamper): Tamper {
  return (path, answer, body) => (path === route ? change(path, answer, body) : answer);
}

async function check(tamper: Tamper | undefined, options: Partial<Parameters<typeof checkWorker>[0]> = {}) {
  const { url, worker } = await V02Worker.start({}, tamper);
  const report = await checkWorker({ url, ...options });
  return { worker, report, failed: report.checks.filter(({ outcome }) => outcome === "failed") };
}

/** Whatever was opened stays listed. */
function everListed(): Tamper {
  const opened: Record<string, unknown> = {};
  return (path, [status, value]) => {
    if (path === "/start_sample" && status === 200) opened[Object(value).session_id] = 0;
    return [status, path === "/get_sessions" ? { ...opened, ...Object(value) } : value];
  };
}

test("a v0.2 worker passes, every sample that is named is run, and nothing is left open", async () => {
  const { report, worker } = await check(undefined, { indices: ["1", "two"], destructive: true });
  expect(report.checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  const notes = Object.fromEntries(report.checks.map(({ id, note }) => [id, note]));
  expect(notes["interact.conversation"]).toBe("1: completed after 2 turns, two: completed after 2 turns");
  expect(worker.sessions.size).toBe(0);
});

describe("a worker that is not seen to open a session is not said to keep the contract:", () => {
  test.each<[string, V02WorkerOptions, Tamper | undefined, expected: object]>([
    [
      "it refuses although it has room",
      { concurrency: 0 },
      on("/worker_status", () => [200, { concurrency: 3, current: 0 }]),
      { outcome: "failed" },
    ],
    ["it has no room", { concurrency: 0 }, undefined, { outcome: "skipped" }],
  ])("%s", async (_what, options, tamper, expected) => {
    const { url } = await V02Worker.start(options, tamper);
    const report = await checkWorker({ url });
    expect(report.checks.find(({ id }) => id === "start_sample.opens")).toMatchObject(expected);
    expect(report.ok).toBe(false);
    expect(report.unchecked).toContain("interact.conversation");
    expect(summaryOf(report)).not.toContain(" keeps the v0.2 contract");
  });
});

describe("whatever its task does, a v0.2 worker does not fail", () => {
  test.each<[string, V02WorkerOptions, skipped: string[]]>([
    ["ends at the first answer", { rounds: 1 }, []],
    ["never ends", { rounds: 1000 }, ["calculate_overall.results"]],
    ["raises after an answer", { raises: "after an answer" }, ["calculate_overall.results"]],
    [
      "raises before it asks",
      { raises: "at start" },
      ["cancel.ends", "interact.conversation", "calculate_overall.results"],
    ],
    ["one at a time", { concurrency: 1 }, []],
  ])("%s", async (_what, options, ids) => {
    const { url } = await V02Worker.start(options);
    const { checks, ok } = await checkWorker({ url });
    expect(checks.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(ok).toBe(!ids.includes("interact.conversation"));
    const skipped = checks.filter(({ outcome }) => outcome === "skipped").map(({ id }) => id);
    expect(skipped).toEqual(expect.arrayContaining(ids));
    expect(skipped).toHaveLength(ids.length === 0 ? 2 : skipped.length);
  });
});

test.each<[what: string, Tamper, id: string]>([
  [
    "a wrong status",
    on("/start_sample", (_, [status, value]) => [status === 400 ? 409 : status, value]),
    "start_sample.same-id",
  ],
  [
    "a wrong text",
    on("/cancel", (_, [status, value]) => [status, status === 400 ? { detail: "?" } : value]),
    "cancel.no-such-session",
  ],
  ["a missing key", on("/worker_status", (_, [status]) => [status, { concurrency: 3 }]), "worker_status.fields"],
  [
    "another session's id",
    on("/start_sample", (_, [status, value]) => [status, { ...Object(value), session_id: 5 }]),
    "start_sample.opens",
  ],
  [
    "a running output that has an index",
    on("/start_sample", (_, [status, value]) => {
      const { output } = Object(value);
      return [status, output ? { ...Object(value), output: { ...output, index: 0 } } : value];
    }),
    "start_sample.opens",
  ],
  [
    "a history without the agent",
    on("/interact", (_, [status, value]) => {
      const { output } = Object(value);
      const history = [{ role: "user", content: "again" }];
      return [status, output ? { ...Object(value), output: { ...output, history } } : value];
    }),
    "interact.conversation",
  ],
  [
    "a refusal of what it does not know",
    (_, answer, body) => (body.includes("unknown_field") ? [422, { detail: [] }] : answer),
    "start_sample.extra-fields",
  ],
  ["a session that stays", everListed(), "cancel.ends"],
  [
    "a status that is none",
    on("/sample_status", (_, [status, value]) => [status, { ...Object(value), status: "waiting" }]),
    "sample_status.fields",
  ],
  ["no JSON", on("/get_indices", () => "0 1 2"), "get_indices.list"],
  [
    "no aggregate",
    on("/calculate_overall", (_, answer) => (answer[0] === 200 ? [500, { detail: "?" }] : answer)),
    "calculate_overall.results",
  ],
])("%s is found", async (_what, tamper, id) => {
  const { failed } = await check(tamper, { timeoutMs: 1_000 });
  expect(failed.map((result) => result.id)).toContain(id);
});

test("an exceeded limit is detected, if the checks may test it", async () => {
  const { url } = await V02Worker.start({ concurrency: 3 }, (path, answer) =>
    path === "/worker_status" ? [200, { concurrency: 2, current: 0 }] : answer,
  );
  const { checks } = await checkWorker({ url, destructive: true });
  expect(checks.find(({ id }) => id === "start_sample.limit")?.outcome).toBe("failed");
});

test("turns that never come back fail, with the time that was waited", async () => {
  const { failed } = await check(
    on("/interact", (_, answer) => (answer[0] === 200 ? "hang" : answer)),
    { timeoutMs: 1_000 },
  );
  const conversation = failed.find(({ id }) => id === "interact.conversation");
  expect(conversation?.received).toBe("POST /interact: no answer within 1 s");
});

test("a sample that the worker does not have is a wrong use", async () => {
  await expect(check(undefined, { indices: ["7"] })).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("--index 7"),
  });
});
