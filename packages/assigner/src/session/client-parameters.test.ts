import { expect, it } from "vitest";
import { readClientParameters } from "./client-parameters.js";

const address = "http://elsewhere:5000/api";

it.each([
  [{}, "http://localhost:5000/api"],
  [{ controller_address: address }, address],
  [{ controller: address }, address],
  [{ controller: null, controller_address: address }, address],
  [{ controller: address, controller_address: address }, address],
])("%j", (given, expected) => {
  const parameters = { name: "t", token: "", data_file: "ignored", ...given };
  expect(readClientParameters(parameters)).toEqual({ name: "t", address: expected, token: undefined });
});

it.each([
  [
    { controller: address, controller_address: `${address}2` },
    "TaskClient t: controller and controller_address are two",
  ],
  [{ controller: 5 }, "TaskClient: name and controller must be strings"],
  [{ controller_address: ["x"] }, "TaskClient: name and controller_address must be strings"],
  [{ name: "" }, "must be strings"],
])("refused: %j", (given, message) => {
  expect(() => readClientParameters({ name: "t", ...given })).toThrow(message);
});
