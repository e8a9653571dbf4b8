import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import { DispatchCenter } from "../dispatch-center.js";
import { Runner, type RunnerDescriptor, type RunnerServices } from "../runner.js";

type Message = { type: "take" } | { type: "finish"; attempt: string; outcome: AttemptOutcome };

interface Param {
  label: string;
}

/** A centre whose runner ends each attempt as `outcomeOf` says: for the tests of what all centres share. */
export class ScriptedCenter extends DispatchCenter<Param> {
  static outcomeOf: (grant: Grant, signal: AbortSignal) => Promise<AttemptOutcome>;
  postProcessed = 0;

  override initRunners(): RunnerDescriptor[] {
    return [{ module: import.meta.url, export: "ScriptedRunner", count: 2 }];
  }

  override getSharedParam(): Param {
    return { label: "shared" };
  }

  static async restoreSharedParam(param: Param, _services: RunnerServices): Promise<Param> {
    return { label: `${param.label}, restored` };
  }

  override onRequest(_runner: string, message: unknown): Promise<unknown> {
    const request = message as Message;
    return request.type === "take" ? this.take(1) : this.finish(request.attempt, request.outcome);
  }

  override async postProcess(): Promise<void> {
    this.postProcessed += 1;
  }
}

/** @public The centre names it, and it is imported by that name. */
export class ScriptedRunner extends Runner<Param> {
  static readonly center = ScriptedCenter;

  override async doRun(): Promise<void> {
    if (this.shared.label !== "shared, restored") throw new Error("the shared parameter was not restored");
    const underWay: Promise<unknown>[] = [];
    // An outcome that cannot be had ends this runner, as a fault of its own would.
    let fail: (error: unknown) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    for (;;) {
      const grants = (await Promise.race([this.request({ type: "take" }), failure])) as Grant[] | undefined;
      if (grants === undefined) break;
      for (const grant of grants) underWay.push(this.#carryOut(grant).catch(fail));
    }
    await Promise.all(underWay);
  }

  async #carryOut(grant: Grant): Promise<void> {
    const outcome = await ScriptedCenter.outcomeOf(grant, this.services.signal);
    await this.request({ type: "finish", attempt: grant.attempt, outcome });
  }
}
