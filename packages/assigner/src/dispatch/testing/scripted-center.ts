import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import { DispatchCenter } from "../dispatch-center.js";
import { Runner, type RunnerDescriptor, type RunnerServices } from "../runner.js";

type Message = { type: "take" } | { type: "finish"; attempt: string; outcome: AttemptOutcome };

interface Param {
  label: string;
}

/** A center whose runners end each attempt with the result of `outcomeOf`: for tests of the shared parts of centers. */
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

/** @public Imported by the name in the center's descriptor. */
export class ScriptedRunner extends Runner<Param> {
  static readonly center = ScriptedCenter;

  override async doRun(): Promise<void> {
    if (this.shared.label !== "shared, restored") throw new Error("the shared parameter was not restored");
    const underWay: Promise<unknown>[] = [];
    // A rejected outcome ends this runner, like a failure of its own.
    let fail: (error: unknown) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    for (;;) {
      const grants = (await Promise.race([this.request({ type: "take" }), failure])) as Grant[] | undefined;
      if (grants === undefined) break;
      for (const grant of grants) underWay.push(this.#run(grant).catch(fail));
    }
    await Promise.all(underWay);
  }

  async #run(grant: Grant): Promise<void> {
    const outcome = await ScriptedCenter.outcomeOf(grant, this.services.signal);
    await this.request({ type: "finish", attempt: grant.attempt, outcome });
  }
}
