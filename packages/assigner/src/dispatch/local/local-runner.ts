import type { Grant } from "../../attempt/attempt.js";
import { FlowRunner } from "../flow/flow-runner.js";
import { LocalCenter } from "./local-center.js";

/** Runs one attempt to its end before it takes the next. */
export class LocalRunner extends FlowRunner {
  static override readonly center = LocalCenter;

  override async doRun(): Promise<void> {
    for (;;) {
      const grants = (await this.request({ type: "take" })) as Grant[] | undefined;
      if (grants === undefined) return;
      for (const grant of grants) await this.carryOut(grant);
    }
  }
}
