import { pathToFileURL } from "node:url";
import { RunnerPool } from "@eval/assigner";
import { CodedError } from "@eval/protocol";
import { type Logger, silentLogger } from "@eval/protocol/logger";
import { expect, test } from "vitest";
import { fixture } from "./harness/repository.js";

const descriptor = { module: pathToFileURL(fixture("pool-runner.mjs")).href, export: "PoolRunner" };

function makePool(count: number, onRequest: (runner: string, message: unknown) => unknown) {
  const stop = new AbortController();
  const lines: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (line) => void lines.push(line),
    warn: (line) => void lines.push(line),
  };
  const gone: string[] = [];
  const pool = new RunnerPool({
    descriptors: [{ ...descriptor, count }],
    param: () => ({ set: new Set([1]), none: undefined }),
    cwd: process.cwd(),
    logger,
    stopped: stop.signal,
    onRequest: async (runner, message) => onRequest(runner, message),
    onGone: async (runner, why) => void gone.push(`${runner}: ${why}`),
  });
  return { pool, stop, lines, gone };
}

test("the runners of a pool communicate with their center, are replaced when they crash, and are stopped", async () => {
  const heard: unknown[] = [];
  let [isReplaced, isRefused] = [false, false];
  const { pool, stop, lines, gone } = makePool(2, (runner, message) => {
    if (typeof message === "object") heard.push(message);
    isRefused ||= heard.some((one) => (one as { code?: unknown }).code === "USAGE");
    if (message === "refuse me") throw new CodedError("USAGE", "not this");
    if (runner === "1.0") return "crash";
    if (runner === "1.1") isReplaced = true;
    if (isReplaced && isRefused) queueMicrotask(() => stop.abort(new Error("enough")));
    return runner === "2.0" && heard.length < 5 ? "refuse" : "wait";
  });
  await pool.launch();
  await pool.run(() => {});
  await pool.close();

  // What was restored there, from a parameter that JSON could not carry.
  expect(heard).toContainEqual({
    shared: { set: new Set([1]), none: undefined, restored: expect.any(Number) },
    id: "1.1",
  });
  expect(heard).toContainEqual({ code: "USAGE", message: "not this" });
  expect(gone.sort()).toEqual(["1.0: it ended with exit code 3", "1.1: it is done", "2.0: it is done"]);
  expect(lines).toEqual(expect.arrayContaining(["runner 2 | runs", "runner 1 | on stdout"]));
  expect(lines).toContain("runner 1 | it ended with exit code 3; its replacement starts in 0.1 s");
});

test("a pool that is launched and never run leaves no process, and closes quickly", async () => {
  const { pool, gone } = makePool(2, () => "end");
  await pool.launch();
  await pool.close();
  expect(gone.sort()).toEqual(["1.0: it ended with exit code 0", "2.0: it ended with exit code 0"]);
});
