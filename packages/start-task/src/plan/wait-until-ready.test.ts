import { CodedError, type controllerRoutes, type WorkerList } from "@eval/protocol";
import type { RouteClient } from "@eval/protocol/http-client";
import { describe, expect, it } from "vitest";
import { type Awaited, waitUntilReady } from "./wait-until-ready.js";

const first = "http://localhost:5001/api";
const second = "http://localhost:5002/api";

function listed(...workers: [address: string, status: number][]): WorkerList {
  const rest = { capacity: 1, current: 0, last_visit: 0, locked: false };
  const entries = workers.map(([address, status], id) => [String(id), { id, address, status, ...rest }]);
  return { task: { indices: [], workers: Object.fromEntries(entries) } };
}

/** Answers in turn; the last answer stays. */
function wait(
  answers: (WorkerList | Error)[],
  workers: Awaited[],
  timeoutMs = 10_000,
  signal = new AbortController().signal,
) {
  let asked = 0;
  const listWorkers = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] as WorkerList | Error;
    asked += 1;
    if (answer instanceof Error) throw answer;
    return { value: answer };
  };
  const client = { listWorkers, http: { address: "http://c/api" } } as unknown as RouteClient<typeof controllerRoutes>;
  const done = waitUntilReady({
    ...{ client, workers: () => workers, timeoutMs, intervalMs: 1, signal },
    // Every look takes a second.
    now: () => asked * 1_000,
  });
  return { done, asked: () => asked };
}

const both = [first, second].map((address, at) => ({ label: `w${at + 1}`, address }));

describe("waitUntilReady", () => {
  it("resolves when all are alive, through errors and other states", async () => {
    const refused = new CodedError("UNREACHABLE", "refused");
    const { done, asked } = wait(
      [refused, {}, listed([first, 0], [second, 1]), listed([`${first}/`, 0], [second, 0])],
      both,
    );
    await done;
    expect(asked()).toBe(4);
  });

  it("names those that are missing after the deadline, and why", async () => {
    const waiting = [...both, { label: "w3", address: undefined }];
    await expect(wait([listed([first, 0], [second, 2])], waiting, 3_000).done).rejects.toMatchObject({
      code: "TIMEOUT",
      message: "after 3 s, 2 of 3 workers are not registered at http://c/api: w2, w3 (not listening)",
    });
    await expect(wait([new CodedError("UNREACHABLE", "refused")], both, 0).done).rejects.toThrow(/w1, w2; refused$/);
  });

  it("does not wait when waiting cannot help", async () => {
    const error = new CodedError("UNAUTHORIZED", "wrong token");
    await expect(wait([error], both).done).rejects.toBe(error);
    const leaving = new AbortController();
    const { done } = wait([{}], both, 1e9, leaving.signal);
    leaving.abort();
    await expect(done).rejects.toThrow("abort");
  });
});
