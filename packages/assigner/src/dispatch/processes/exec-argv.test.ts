import { expect, it } from "vitest";
import { forkedExecArgv } from "./exec-argv.js";

const code = "evaluate({ a: 1 })";

it.each([
  [["-e", code]],
  [["--eval", code]],
  [[`--eval=${code}`]],
  [["-p", code]],
  [["-pe", code]],
  [["--print", code]],
  [["--input-type=module", "-e", code]],
  [["--input-type", "module", "--eval", code]],
  [["--inspect-brk=9230", "--inspect-port", "0"]],
  [["-p"]],
])("a fork of node %j runs its own module", (own) => {
  expect(forkedExecArgv(["--no-warnings", ...own, "--import", "./hook.mjs"])).toEqual([
    "--no-warnings",
    "--import",
    "./hook.mjs",
  ]);
});
