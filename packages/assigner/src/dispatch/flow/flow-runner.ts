import { messageOf } from "@eval/protocol";
import type { AttemptOutcome, Grant } from "../../attempt/attempt.js";
import type { Overload } from "../../attempt/overload.js";
import type { RunParam, RunShared } from "../../session/run-param.js";
import { runSample } from "../../session/run-sample.js";
import { Runner, type RunnerClass } from "../runner.js";
import { FlowCenter, type FlowMessage } from "./flow-center.js";

/** Starts every granted attempt at once: the center decides how many run together. */
export class FlowRunner extends Runner<RunShared> {
  static readonly center: RunnerClass<RunParam, RunShared>["center"] = FlowCenter;
  readonly #underWay = new Set<Promise<void>>();

  override async doRun(): Promise<void> {
    try {
      for (;;) {
        const grants = (await this.#send({ type: "take" })) as Grant[] | undefined;
        if (grants === undefined) break;
        for (const grant of grants) this.#start(grant);
      }
    } finally {
      // Also if the center is gone: running attempts must end their sessions.
      await Promise.all(this.#underWay);
    }
  }

  override close(): Promise<void> {
    return this.shared.close();
  }

  #start(grant: Grant): void {
    const underWay = this.carryOut(grant).finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
  }

  /** Whatever is thrown, the attempt ends, and its capacities are freed. */
  protected async carryOut(grant: Grant): Promise<void> {
    const outcome = await this.#outcomeOf(grant).catch((error: unknown): AttemptOutcome => {
      return { kind: "failed", error: "AGENT_FAILED", info: messageOf(error), output: null };
    });
    await this.#send({ type: "finish", attempt: grant.attempt, outcome });
  }

  async #outcomeOf({ attempt, agent: agentName, task: taskName, index }: Grant): Promise<AttemptOutcome> {
    const { owner, leaseS, limits, agents, tasks } = this.shared;
    const agent = agents.get(agentName);
    const task = tasks.get(taskName);
    if (agent === undefined || task === undefined)
      throw new Error(`this runner has no agent ${agentName} or no task ${taskName}`);
    const onOverload = (overload: Overload) => void this.#send({ type: "overload", attempt, overload });
    return runSample({ agent, task, index, owner, leaseS, limits, onOverload, signal: this.services.signal });
  }

  #send(message: FlowMessage): Promise<unknown> {
    return this.request(message);
  }
}
