import type { AttemptOutcome } from "../../attempt/attempt.js";
import type { Overload } from "../../attempt/overload.js";
import { type RunParam, type RunShared, restoreRunParam, runParamOf } from "../../session/run-param.js";
import { DispatchCenter } from "../dispatch-center.js";
import type { RunnerDescriptor } from "../runner.js";

/** A message of a flow runner: it requests attempts, reports an overloaded endpoint, or reports the end of an attempt. */
export type FlowMessage =
  | { type: "take" }
  | { type: "overload"; attempt: string; overload: Overload }
  | { type: "finish"; attempt: string; outcome: AttemptOutcome };

/** The default: one process, all assignments at once, allocated by maximum flow after every change. */
export class FlowCenter extends DispatchCenter<RunParam> {
  override initRunners(): RunnerDescriptor[] {
    return [{ module: new URL("./flow-runner.js", import.meta.url).href, export: "FlowRunner", count: 1 }];
  }

  override getSharedParam(): RunParam {
    return runParamOf(this.options);
  }

  static restoreSharedParam(param: RunParam): Promise<RunShared> {
    return restoreRunParam(param);
  }

  override async onRequest(_runner: string, message: unknown): Promise<unknown> {
    const request = message as FlowMessage;
    if (request.type === "overload") return this.overloaded(request.attempt, request.overload);
    return request.type === "take" ? this.take() : this.finish(request.attempt, request.outcome);
  }
}
