import { describe, expect, test } from "vitest";
import { Fenced } from "./lock-keeper.js";
import { reported } from "./reported-outcome.js";

const redact = (text: string) => text.replace("hunter2", "***");

describe("what a host reports", () => {
  test("has none of its secrets", () => {
    const failed = { kind: "failed", error: "AGENT_FAILED", info: "401 for hunter2", output: null } as const;
    expect(reported(failed, undefined, redact)).toEqual({ ...failed, info: "401 for ***" });
  });

  test("is a loss where the host ended it, and not where the Redis was away", () => {
    const stopped = { kind: "stopped" } as const;
    expect(reported(stopped, new Fenced("its lock was gone"), redact)).toMatchObject({ kind: "lost" });
    expect(reported(stopped, new Fenced("its lock could not be renewed", true), redact)).toEqual(stopped);
    expect(reported(stopped, new Error("the host was ended"), redact)).toEqual(stopped);
  });
});
