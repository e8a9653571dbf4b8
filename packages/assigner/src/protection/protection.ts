import type { Logger } from "@eval/protocol/logger";
import type { EndedAttempt, Grant } from "../attempt/attempt.js";
import { isOverload, type Overload } from "../attempt/overload.js";
import { mayBeRetried, type RetryPolicy } from "../attempt/retry-policy.js";
import { AdaptiveCapacity } from "./adaptive-capacity.js";
import { Circuit, type CircuitChange, type CircuitOptions, type Evidence } from "./circuit.js";
import { evidenceOf } from "./failure-classification.js";

export type SideKind = "agent" | "task";

export interface ProtectionOptions extends CircuitOptions {
  /** Milliseconds before attempt `number` (2 and more) at a sample whose agent was overloaded. */
  delayMs: RetryPolicy["delayMs"];
  logger: Logger;
}

/**
 * A sample is given so many further attempts that no retry policy counts: where its agent was overloaded, and where a
 * circuit was open. In the end it may be the sample that makes them fail.
 */
const maxRepeats = { overload: 5, circuit: 2 };

/** What was in flight when a circuit opened comes after the next try, which shall be another sample; milliseconds. */
const afterProbeMs = 1_000;

/**
 * Keeps samples from being burnt on an agent or a task that cannot serve them now: a circuit for each, and a capacity that
 * adapts for each agent. Times are monotonic milliseconds.
 */
export class Protection {
  readonly #capacity = new Map<string, AdaptiveCapacity>();
  readonly #circuits: Record<SideKind, Map<string, Circuit>> = { agent: new Map(), task: new Map() };
  readonly #delayMs: RetryPolicy["delayMs"];
  readonly #logger: Logger;

  /** @param most the configured capacity of each agent */
  constructor(
    cells: readonly { agent: string; task: string }[],
    most: ReadonlyMap<string, number>,
    { logger, delayMs, ...options }: ProtectionOptions,
  ) {
    this.#logger = logger;
    this.#delayMs = delayMs;
    for (const { agent, task } of cells) {
      this.#capacity.set(agent, new AdaptiveCapacity(most.get(agent) ?? 1));
      this.#circuits.agent.set(agent, new Circuit(options));
      this.#circuits.task.set(task, new Circuit(options));
    }
  }

  /** How many attempts may be started on an agent that has so many in flight. */
  agentRoom(agent: string, inFlight: number, now: number): number {
    const adapted = this.#capacity.get(agent)?.room(inFlight, now) ?? 0;
    return Math.min(adapted, this.#circuit("agent", agent).room(now));
  }

  /** Whether the next attempt on it is a try, of which only one is made at a time. */
  isProbing(side: SideKind, name: string): boolean {
    return this.#circuit(side, name).isOpen;
  }

  taskRoom(task: string, now: number): number {
    return this.#circuit("task", task).room(now);
  }

  started({ attempt, agent, task }: Grant): void {
    this.#circuit("agent", agent).started(attempt);
    this.#circuit("task", task).started(attempt);
  }

  /** An attempt did not take place. */
  released({ attempt, agent, task }: Grant): void {
    this.#circuit("agent", agent).released(attempt);
    this.#circuit("task", task).released(attempt);
  }

  /** @param inFlight of the agent, the attempt that says so among them */
  overloaded(agent: string, overload: Overload, inFlight: number, now: number): void {
    const shrinking = this.#capacity.get(agent)?.overloaded(overload, inFlight, now);
    if (shrinking === undefined) return;
    const { from, to, pauseMs } = shrinking;
    const pause = pauseMs > 0 ? `; nothing new for ${seconds(pauseMs)}, as it asks` : "";
    const change = from === to ? `${to} sample at once` : `${from} -> ${to} samples at once`;
    this.#logger.warn(`agent ${agent} is overloaded (429 or 503): ${change}${pause}`);
  }

  /**
   * Learns from an attempt's end. The time from which on its sample has to be tried again, whatever the retry policy
   * says; undefined: that is for the policy.
   * @param inFlight of the agent, this attempt among them
   */
  ended(grant: Grant, outcome: EndedAttempt, inFlight: number, now: number): number | undefined {
    const { agent } = grant;
    if (outcome.overload) this.overloaded(agent, outcome.overload, inFlight, now);
    else if (outcome.kind === "ended") this.#grow(agent, inFlight, now);
    const evidence = evidenceOf(outcome);
    const dues: number[] = [];
    for (const side of ["agent", "task"] as const) {
      const due = this.#judge(side, grant, evidence[side], now);
      if (due !== undefined && mayBeRetried(outcome)) dues.push(due);
    }
    const isRefused = outcome.kind === "failed" && isOverload(outcome.agentFailure);
    if (isRefused && grant.repeats < maxRepeats.overload) {
      const pausedUntil = this.#capacity.get(agent)?.pausedUntil ?? now;
      dues.push(Math.max(now + this.#delayMs(grant.repeats + 2), pausedUntil));
    }
    return dues.length > 0 ? Math.max(...dues) : undefined;
  }

  /** When something may be started that may not be now; undefined where that is not a question of time. */
  nextChange(now: number): number | undefined {
    const times = [...this.#capacity.values()].map(({ pausedUntil }) => pausedUntil);
    for (const circuits of Object.values(this.#circuits)) {
      for (const { halfOpenAt } of circuits.values()) if (halfOpenAt !== undefined) times.push(halfOpenAt);
    }
    const later = times.filter((time) => time > now);
    return later.length > 0 ? Math.min(...later) : undefined;
  }

  /** What was given up, and why. */
  *givenUp(): Generator<{ side: SideKind; name: string; why: string }> {
    for (const side of ["agent", "task"] as const) {
      for (const [name, { givenUp }] of this.#circuits[side]) {
        if (givenUp !== undefined) yield { side, name, why: `it fails again and again (${givenUp})` };
      }
    }
  }

  #grow(agent: string, inFlight: number, now: number): void {
    const capacity = this.#capacity.get(agent);
    if (capacity?.succeeded(inFlight, now)) this.#logger.debug(`agent ${agent}: ${capacity.limit} samples at once`);
  }

  /** When its sample is due again: what does not go well while the circuit is open says nothing of the sample. */
  #judge(
    side: SideKind,
    { attempt, repeats, [side]: name }: Grant,
    evidence: Evidence,
    now: number,
  ): number | undefined {
    const circuit = this.#circuit(side, name);
    const change = circuit.ended(attempt, evidence, now, repeats > 0);
    if (change) this.#say(`${side} ${name}`, change);
    return circuit.isOpen && repeats < maxRepeats.circuit ? (circuit.halfOpenAt ?? now) + afterProbeMs : undefined;
  }

  #circuit(side: SideKind, name: string): Circuit {
    return this.#circuits[side].get(name) as Circuit;
  }

  #say(who: string, change: CircuitChange): void {
    if (change.to === "closed") return void this.#logger.info(`${who} works again, after ${seconds(change.afterMs)}`);
    if (change.to === "given up") {
      const { text, afterMs, probes } = change;
      const tried = `${probes} ${probes === 1 ? "probe" : "probes"} in vain`;
      return void this.#logger.warn(`${who}: ${text}; given up after ${seconds(afterMs)} and ${tried}`);
    }
    const { text, failures, pauseMs, because } = change;
    const what = {
      failures: failures === 1 ? "the last attempt failed" : `the last ${failures} attempts failed alike`,
      probe: "a try was in vain as well",
      relapse: "it fails again, and had hardly begun to work",
    }[because];
    this.#logger.warn(
      `${who}: ${what} (${text}): nothing is sent to it for ${seconds(pauseMs)}, then one attempt probes`,
    );
  }
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}
