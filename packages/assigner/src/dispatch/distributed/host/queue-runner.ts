import { messageOf } from "@eval/protocol";
import type { AttemptOutcome, Grant } from "../../../attempt/attempt.js";
import type { RunShared } from "../../../session/run-param.js";
import { runSample } from "../../../session/run-sample.js";
import { Runner } from "../../runner.js";
import { DistributedCenter } from "../distributed-center.js";

/** What this runner asks its host for, and what it tells it. The host is its channel to the center. */
export type QueueMessage = { type: "take" } | { type: "finish"; attempt: string; outcome: AttemptOutcome };

/** A grant, with the signal that aborts when this attempt has to end. */
export interface HeldGrant extends Grant {
  signal: AbortSignal;
}

/** Carries out every attempt that its host has taken from the queue, at once. */
export class QueueRunner extends Runner<RunShared> {
  static readonly center = DistributedCenter;
  readonly #underWay = new Set<Promise<void>>();

  override async doRun(): Promise<void> {
    for (;;) {
      const grant = (await this.#send({ type: "take" })) as HeldGrant | undefined;
      if (grant === undefined) break;
      const underWay = this.#carryOut(grant).finally(() => this.#underWay.delete(underWay));
      this.#underWay.add(underWay);
    }
    await Promise.all(this.#underWay);
  }

  /** Whatever is thrown, the attempt ends. */
  async #carryOut(grant: HeldGrant): Promise<void> {
    const outcome = await this.#outcomeOf(grant).catch((error: unknown): AttemptOutcome => {
      return { kind: "failed", error: "AGENT_FAILED", info: messageOf(error), output: null };
    });
    await this.#send({ type: "finish", attempt: grant.attempt, outcome });
  }

  async #outcomeOf({ agent: agentName, task: taskName, index, signal }: HeldGrant): Promise<AttemptOutcome> {
    const { owner, leaseS, limits, agents, tasks } = this.shared;
    const agent = agents.get(agentName);
    const task = tasks.get(taskName);
    if (agent === undefined || task === undefined) throw new Error(`no agent ${agentName} or task ${taskName} here`);
    return runSample({ agent, task, index, owner, leaseS, limits, signal });
  }

  #send(message: QueueMessage): Promise<unknown> {
    return this.request(message);
  }
}
