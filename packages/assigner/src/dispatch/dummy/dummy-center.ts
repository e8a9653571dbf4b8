import { makeAgents, type RunParam, runParamOf } from "../../session/run-param.js";
import type { DispatchResult } from "../center-options.js";
import { DispatchCenter } from "../dispatch-center.js";
import type { RunnerDescriptor } from "../runner.js";

/** Creates the agents, so that an invalid one is reported, and runs nothing. */
export class DummyCenter extends DispatchCenter<RunParam> {
  override initRunners(): RunnerDescriptor[] {
    return [];
  }

  override getSharedParam(): RunParam {
    return runParamOf(this.options);
  }

  override async launch(): Promise<void> {
    await makeAgents(this.options);
  }

  override async start(): Promise<DispatchResult> {
    return { starved: new Map(), stopped: this.stopped.aborted };
  }

  override async onRequest(): Promise<undefined> {}
}
