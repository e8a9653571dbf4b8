import { type ChildProcess, spawn } from "node:child_process";
import { waitFor } from "@eval/protocol/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Descendants } from "./descendants.js";
import { hasMark, markVariable, withMark } from "./launch-mark.js";

describe("a mark", () => {
  it("is added to those of an outer start-task", () => {
    const outer = withMark({ A: "1" }, "outer.1");
    const both = withMark(outer, "inner.1");
    expect(both).toEqual({ A: "1", [markVariable]: "outer.1 inner.1" });
    const environ = `A=1\0${markVariable}=${both[markVariable]}\0`;
    for (const mark of ["outer", "outer.1", "inner", "inner.1"]) expect(hasMark(environ, mark)).toBe(true);
    for (const mark of ["outer.10", "oute", "er.1", "1"]) expect(hasMark(environ, mark)).toBe(false);
    expect(hasMark(`X${markVariable}=outer.1\0`, "outer")).toBe(false);
  });
});

describe.skipIf(process.platform !== "linux")("descendants", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  const start = (env: Record<string, string>) => {
    const child = spawn("sleep", ["60"], { env: { PATH: process.env.PATH ?? "", ...env }, stdio: "ignore" });
    children.push(child);
    return child;
  };

  it("are ended by their mark, and no other process is", async () => {
    const mark = `test-${process.pid}-${performance.now()}`;
    const own = start(withMark({}, `${mark}.1`));
    const other = start(withMark({}, `${mark}.2`));
    const descendants = new Descendants(`${mark}.1`);
    await descendants.end();
    await waitFor(() => own.signalCode === "SIGKILL");
    expect(other.exitCode ?? other.signalCode).toBeNull();
    await new Descendants(mark).end();
    await waitFor(() => other.signalCode === "SIGKILL");
  });

  it("are known by their parents, too", async () => {
    const descendants = new Descendants(`test-${process.pid}-${performance.now()}`);
    const child = start({});
    descendants.add(child.pid as number);
    expect(descendants.kill()).toBe(1);
    await waitFor(() => child.signalCode === "SIGKILL");
    expect(descendants.kill()).toBe(0);
  });
});
