import { expect, it } from "vitest";
import { configInside } from "./config-inside.js";

it("configInside rejects a file outside the working directory", () => {
  expect(configInside("/work/a/b.yaml", "/work")).toBe("a/b.yaml");
  expect(() => configInside("/elsewhere/b.yaml", "/work")).toThrow("is outside /work");
});
