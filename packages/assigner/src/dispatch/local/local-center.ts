import { CodedError } from "@eval/protocol";
import type { CellPlan } from "../../attempt/cell-plan.js";
import { makeAgents, type RunParam, type RunShared, restoreRunParam, runParamOf } from "../../session/run-param.js";
import type { DispatchResult, Starved } from "../center-options.js";
import { DispatchCenter } from "../dispatch-center.js";
import type { FlowMessage } from "../flow/flow-center.js";
import type { Runner, RunnerClass, RunnerDescriptor } from "../runner.js";

/**
 * The debugging mode: one process, one assignment after the other in the order of the file, one sample at a time in the
 * order of the task's indices. Parameter: `in_process`, a file of tasks to host in this process.
 */
export class LocalCenter extends DispatchCenter<RunParam> {
  #runner: Runner<RunShared> | undefined;

  override initRunners(): RunnerDescriptor[] {
    return [{ module: new URL("./local-runner.js", import.meta.url).href, export: "LocalRunner", count: 1 }];
  }

  override getSharedParam(): RunParam {
    return runParamOf(this.options);
  }

  static restoreSharedParam(param: RunParam): Promise<RunShared> {
    return restoreRunParam(param);
  }

  /** The runner uses the run's own clients, because a task hosted in this process must exist only once. */
  override async launch(): Promise<void> {
    const [{ module, export: name }] = this.initRunners() as [RunnerDescriptor];
    const LocalRunner = ((await import(module)) as Record<string, RunnerClass<RunParam, RunShared>>)[name];
    if (LocalRunner === undefined) throw new CodedError("INTERNAL", `${module} exports no ${name}`);
    const { owner, leaseS, limits = {}, clients: tasks, logger } = this.options;
    const shared = { agents: await makeAgents(this.options), tasks, owner, leaseS, limits, close: async () => {} };
    const services = { id: "local", logger, signal: this.stopped };
    this.#runner = new LocalRunner(shared, (message) => this.onRequest("local", message), services);
  }

  override async start(plan: readonly CellPlan[]): Promise<DispatchResult> {
    const starved = new Map<string, Starved>();
    for (const cell of plan) {
      if (this.stopped.aborted) break;
      const before = starved.get(cell.task);
      // The wait for this task already failed once; its other cells need not wait again.
      if (before) before.left += cell.remaining.length;
      else
        for (const [name, { left, why }] of (await super.start([cell])).starved) {
          starved.set(name, { left: left + (starved.get(name)?.left ?? 0), why });
        }
    }
    return { starved, stopped: this.stopped.aborted };
  }

  override async onRequest(_runner: string, message: unknown): Promise<unknown> {
    const request = message as FlowMessage;
    if (request.type === "overload") return this.overloaded(request.attempt, request.overload);
    return request.type === "take" ? this.take(1) : this.finish(request.attempt, request.outcome);
  }

  protected override async runAll(): Promise<void> {
    await this.#runner?.doRun();
  }
}
