import { createRequire } from "node:module";
import { expect, it } from "vitest";
import * as tasks from "./index.js";

it("names the tasks and agents, and loads no driver", () => {
  expect(Object.keys(tasks).sort()).toEqual([
    "DBBench",
    "DBBenchBaselineAgent",
    "DBBenchReferenceAgent",
    "VirtualTask",
  ]);
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  expect(loaded.filter((file) => /[\\/](?:sqlite-wasm|mysql2)[\\/]/.test(file))).toEqual([]);
});
