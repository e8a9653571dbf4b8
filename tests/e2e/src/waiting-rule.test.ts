import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./harness/repository.js";

/** An awaited pause of a fixed length, in any of its spellings. */
const pause = /\bawait\s+(?:\w+\.)?(?:sleep|delay|pause|wait|setTimeout)\(|new Promise\b[^;]{0,80}\bsetTimeout\(/g;

const pausesOf = (code: string) => [...code.matchAll(pause)].length;

/** What may pause, and how often. Everything else waits for what it needs: see "How tests wait" in CONTRIBUTING.md. */
const justified: Record<string, { count: number; why: string }> = {
  "packages/protocol/src/testing/wait-for.ts": { count: 1, why: "between two looks, with a deadline" },
  "packages/start-task/src/testing/wait-for.ts": { count: 1, why: "between two looks, with a deadline" },
  "tests/contract/src/wait-until.ts": { count: 1, why: "between two looks, with a deadline" },
  "packages/assigner/src/dispatch/distributed/host/lock-watch.test.ts": {
    count: 2,
    why: "a program's own pace; its test waits for its end",
  },
  "packages/assigner/src/dispatch/distributed/testing/model-run.ts": { count: 1, why: "simulated time" },
  "packages/protocol/src/cli/lost-reader.test.ts": {
    count: 3,
    why: "a program's own pace; its test waits for its end",
  },
  "packages/protocol/src/conformance/testing/v02-worker.ts": { count: 1, why: "the time that a turn takes" },
  "tests/e2e/src/data-parallel.test.ts": {
    count: 1,
    why: "a suspension, longer than the deadline that it must not meet",
  },
  "tests/e2e/src/distributed-redis.test.ts": { count: 1, why: "the length of an outage" },
  "tests/e2e/src/distributed.test.ts": { count: 1, why: "a kill at any moment, of a run that is held open" },
  "tests/e2e/src/embedded-evaluation.test.ts": { count: 1, why: "the time that an agent takes" },
  "tests/e2e/src/harness/chat-endpoint.ts": { count: 1, why: "the time that an endpoint takes" },
  "tests/e2e/src/redis-expiry.test.ts": { count: 1, why: "a kill at any moment, of a run that is held open" },
  "tests/e2e/src/redis-stall.test.ts": { count: 7, why: "the lengths of outages and of suspensions" },
  "tests/e2e/src/v02/v02-client.ts": { count: 1, why: "v0.2's client looks again after a while" },
  "tests/e2e/src/v02/v02-worker.ts": { count: 1, why: "the time that a turn takes" },
};

test("the pattern matches pauses, but not deadlines", () => {
  expect(pausesOf("await sleep(100);")).toBe(1);
  expect(pausesOf("await timers.setTimeout(100)")).toBe(1);
  expect(pausesOf("await new Promise((resolve) => setTimeout(resolve, 100));")).toBe(1);
  expect(pausesOf("await new Promise<void>((resolve) => {\n  setTimeout(resolve, 100);\n});")).toBe(1);
  expect(pausesOf("const timer = setTimeout(() => child.kill(), deadlineMs);")).toBe(0);
});

test("no test waits for a fixed time instead of an event", () => {
  const files = [
    ...sourcesIn("tests"),
    ...sourcesIn("packages").filter((file) => /\.test\.ts$|\/testing\//.test(file)),
  ];
  expect(files.length).toBeGreaterThan(200);
  const found = files
    .filter((file) => !file.endsWith("waiting-rule.test.ts"))
    .map((file) => [file, pausesOf(readFileSync(`${repository}/${file}`, "utf8"))] as const)
    .filter(([, count]) => count > 0);
  const allowed = Object.entries(justified).map(([file, { count }]) => [file, count]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(allowed));
});

/** All TypeScript of the packages below a folder of the checkout, by its path in the checkout. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(repository, folder))
    .map((name) => `${folder}/${name}/src`)
    .filter((sources) => existsSync(join(repository, sources)))
    .flatMap((sources) => {
      const files = readdirSync(join(repository, sources), { recursive: true, encoding: "utf8" });
      return files.filter((file) => file.endsWith(".ts")).map((file) => `${sources}/${file}`);
    });
}
