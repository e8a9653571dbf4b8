import { existsSync, readFileSync } from "node:fs";
import { waitFor } from "@eval/protocol/testing";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { fixture } from "./harness/repository.js";
import { skipBecause } from "./harness/requirements.js";
import { type Stage, test } from "./harness/stage.js";

const missing = existsSync("/proc/self/environ") ? undefined : "without /proc nobody can tell what a task has started";

/** One start of the worker, and the children of its task. */
interface Start {
  worker: number;
  children: number[];
}

/** One may be started without an environment: nothing but this list would show that it was left. */
const everStarted = new Set<number>();

describe.skipIf(skipBecause(missing))("children of a task that have a session of their own", () => {
  beforeEach(() => everStarted.clear());
  afterEach(() => {
    for (const pid of alive([...everStarted])) process.kill(pid, "SIGKILL");
  });

  test.for(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "end when start-task is ended by %s",
    async (signal, { stage }) => {
      const { tasks, starts } = launch(stage, { isBare: true });
      const { worker, children } = (await starts(1))[0] as Start;
      await tasks.wrote(/is registered/);
      expect(alive([worker, ...children])).toHaveLength(4);

      tasks.signal(signal);

      await tasks.ends();
      await waitFor(() => alive([worker, ...children]).length === 0, {
        what: "no child to be left",
        deadlineMs: 20_000,
      });
    },
  );

  test("end before a crashed worker is restarted", async ({ stage }) => {
    const { tasks, starts } = launch(stage);
    const first = (await starts(1))[0] as Start;
    await tasks.wrote(/is registered/);

    process.kill(first.worker, "SIGKILL");

    const second = (await starts(2))[1] as Start;
    expect(second.worker).not.toBe(first.worker);
    expect(alive(first.children)).toEqual([]);
    expect(alive(second.children)).toHaveLength(2);
    tasks.signal("SIGTERM");
    await tasks.ends();
    expect(alive(second.children)).toEqual([]);
  });

  test("end only with their own start-task", async ({ stage }) => {
    const [one, other] = [launch(stage, { name: "one" }), launch(stage, { name: "other" })];
    const ofOne = (await one.starts(1))[0] as Start;
    const ofOther = (await other.starts(1))[0] as Start;
    await Promise.all([one, other].map(({ tasks }) => tasks.wrote(/is registered/)));

    one.tasks.signal("SIGTERM");
    await one.tasks.ends();

    expect(alive(ofOne.children)).toEqual([]);
    expect(alive([ofOther.worker, ...ofOther.children])).toHaveLength(3);
    other.tasks.signal("SIGTERM");
    await other.tasks.ends();
    expect(alive(ofOther.children)).toEqual([]);
  });
});

function launch(stage: Stage, { name = "detaching", isBare = false } = {}) {
  const log = stage.path(`${name}.log`);
  const module = `${fixture("detaching-task.mjs")}#DetachingTask`;
  const config = stage.write(`${name}.yaml`, { definition: { [name]: { module, parameters: { log, bare: isBare } } } });
  const ports = ["-a", "-l", "http://localhost:0/api", "-p", "0"];
  const limits = ["--restart-delay", "0.1", "--drain-timeout", "2", "--stop-timeout", "5", "--orphan-timeout", "3"];
  const tasks = stage.start("start-task", ["-c", config, "-s", name, "1", ...ports, ...limits]);
  const starts = async (count: number): Promise<Start[]> => {
    await waitFor(() => readStarts(log).length >= count, { what: `${count} starts`, deadlineMs: 60_000 });
    for (const { children } of readStarts(log)) for (const pid of children) everStarted.add(pid);
    return readStarts(log);
  };
  return { tasks, starts };
}

function readStarts(log: string): Start[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [worker = 0, ...children] = line.split(" ").map(Number);
    return { worker, children };
  });
}

/** Those that run, zombies left out. */
function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  });
}
