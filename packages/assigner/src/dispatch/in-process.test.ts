import { silentLogger } from "@eval/protocol/logger";
import { expect, it, vi } from "vitest";
import { makeRunners } from "./in-process.js";
import { ScriptedRunner } from "./testing/scripted-center.js";

it("closes the created runners if a later one cannot be created", async () => {
  const close = vi.spyOn(ScriptedRunner.prototype, "close");
  const module = new URL("./testing/scripted-center.js", import.meta.url).href;
  const descriptors = [
    { module, export: "ScriptedRunner", count: 2 },
    { module, export: "NoSuchRunner", count: 1 },
  ];
  const made = makeRunners(descriptors, {
    param: { label: "shared" },
    onRequest: async () => undefined,
    logger: silentLogger,
    signal: new AbortController().signal,
  });
  await expect(made).rejects.toThrow("exports no runner NoSuchRunner");
  expect(close).toHaveBeenCalledTimes(2);
});
