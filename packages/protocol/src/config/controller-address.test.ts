import { expect, it } from "vitest";
import { findController } from "./controller-address.js";

const one = "http://one:5000/api";

it.each([
  [{}, undefined],
  [{ controller: null }, undefined],
  [{ controller: one }, { key: "controller", value: one }],
  [{ controller_address: one }, { key: "controller_address", value: one }],
  [
    { controller: null, controller_address: one },
    { key: "controller_address", value: one },
  ],
  [
    { controller: one, controller_address: one },
    { key: "controller", value: one },
  ],
  [{ controller_address: 5 }, { key: "controller_address", value: 5 }],
])("%j", (settings, expected) => {
  expect(findController(settings)).toEqual(expected);
});

it("tells two names that differ", () => {
  expect(findController({ controller: one, controller_address: `${one}/` })).toMatchObject({
    conflict: expect.stringContaining("remove one"),
  });
});
