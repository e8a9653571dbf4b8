import { expect, it } from "vitest";
import { hostMark, isLeftBehind, newSchemaName, processIsAlive, userOf } from "./sample-schema.js";

const mark = "0123456789ab";
const schema = (pid: number, host: string) => `eval_dbbench_${pid}_${host}_ffffffffffff`;

it("names a schema by its process, and its user by the same random part", () => {
  const name = newSchemaName(mark);
  expect(name).toMatch(new RegExp(`^eval_dbbench_${process.pid}_${mark}_[0-9a-f]{12}$`));
  expect(userOf(name)).toBe(`eval_dbbench_${name.slice(-12)}`);
  expect(userOf(name).length).toBeLessThanOrEqual(32);
  expect(newSchemaName(mark)).not.toBe(name);
});

it("recognizes schemas of ended processes, but only of this host", () => {
  const isAlive = (pid: number) => pid === 1;
  expect(isLeftBehind(schema(2, mark), mark, isAlive)).toBe(true);
  expect(isLeftBehind(schema(1, mark), mark, isAlive)).toBe(false);
  expect(isLeftBehind(schema(2, "ba9876543210"), mark, isAlive)).toBe(false);
  expect(isLeftBehind(schema(2, "000000000000"), "000000000000", isAlive)).toBe(false);
  for (const other of ["eval_dbbench_2_ffffffffffff", "shop", "eval_dbbench_x"]) {
    expect(isLeftBehind(other, mark, isAlive)).toBe(false);
  }
});

it("tells a living process, its own and another user's, from none", () => {
  expect(processIsAlive(process.pid)).toBe(true);
  expect(processIsAlive(1)).toBe(true);
  expect(processIsAlive(2 ** 22 + 1)).toBe(false);
  expect(hostMark()).toBe(hostMark());
});
