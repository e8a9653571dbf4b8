import { expect, it } from "vitest";
import { configInside } from "./config-inside.js";

it("configInside refuses a file outside", () => {
  expect(configInside("/work/a/b.yaml", "/work")).toBe("a/b.yaml");
  expect(() => configInside("/elsewhere/b.yaml", "/work")).toThrow("is outside /work");
});
