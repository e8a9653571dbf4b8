import { Writable } from "node:stream";
import { expect, it } from "vitest";
import type { EvaluationEvent } from "../../attempt/run-events.js";
import { createProgress } from "./progress.js";

class Screen extends Writable {
  text = "";
  // Properties that the bars read from a terminal.
  columns = 100;
  constructor(readonly isTTY: boolean) {
    super();
  }
  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

const waiting: EvaluationEvent = { type: "waiting", task: "t", why: "no worker" };
const planned: EvaluationEvent = {
  type: "planned",
  output: "/",
  cells: [{ agent: "a", task: "t", total: 3, done: 1 }],
};
const fields = { agent: "a", task: "t", index: 0, epoch: 1, retried: false, error: null, info: null };
const settled: EvaluationEvent = { type: "settled", accepted: true, ...fields };

it.each([true, false])("shows what it is waiting for, and the last state once (terminal: %s)", (isTTY) => {
  const screen = new Screen(isTTY);
  const progress = createProgress(screen, () => 0);
  progress.onEvent(waiting);
  expect(screen.text).toContain("waiting for t: no worker\n");
  const timedOut: EvaluationEvent = { ...settled, accepted: false, error: "SAMPLE_TIMEOUT" };
  for (const event of [planned, settled, timedOut]) progress.onEvent(event);
  progress.stop();
  expect(screen.text).toContain(isTTY ? "3/3" : "2/3 done");
  expect(screen.text).toContain("1 failed (1 timed out)");
  screen.text = "";
  progress.stop();
  expect(screen.text).toBe("");
});
