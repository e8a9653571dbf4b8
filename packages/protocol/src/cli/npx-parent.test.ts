import { expect, it } from "vitest";
import { waitFor } from "../testing/index.js";
import { followNpx } from "./npx-parent.js";

function childOf(env: Record<string, string>) {
  const signals: string[] = [];
  const child = { ppid: 100, env, emit: (signal: "SIGTERM") => signals.push(signal) > 0 };
  return { child, signals };
}

it("takes the loss of npx for a SIGTERM, once", async () => {
  const { child, signals } = childOf({ npm_command: "exec" });
  const stop = followNpx(child, 5);
  child.ppid = 1;
  await waitFor(() => signals.length > 0);
  expect(signals).toEqual(["SIGTERM"]);
  stop();
});

it("does not look after a process that npx did not start", () => {
  const { child } = childOf({ npm_command: "test" });
  Object.defineProperty(child, "ppid", {
    get: () => {
      throw new Error("looked");
    },
  });
  expect(() => followNpx(child, 5)()).not.toThrow();
});
