import { rmSync } from "node:fs";
import type { Stage } from "./stage.js";

/**
 * Keeps a run going until its test is done with it: agents that are given `file` as their parameter `gate` answer no
 * sample from a certain index on while the gate is closed, whatever process they are in.
 */
export class Gate {
  readonly file: string;

  /** It is open at first. */
  constructor(private readonly stage: Stage) {
    this.file = stage.path("gate");
  }

  /** From now on samples from this index on get no answer, not even those that are in flight. */
  holdFrom(index: number): void {
    this.stage.write("gate", String(index));
  }

  open(): void {
    rmSync(this.file, { force: true });
  }
}
