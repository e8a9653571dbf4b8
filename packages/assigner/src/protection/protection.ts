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
 * Extra attempts per sample that do not count for the retry policy: after an overload of its agent, and after failures
 * with an open circuit. They are limited because the sample itself may be the cause.
 */
const maxRepeats = { overload: 5, circuit: 2 };

/** Delay after the next probe for samples that were in flight when a circuit opened: another sample should probe. Milliseconds. */
const afterProbeMs = 1_000;

/**
 * Keeps samples from failing because of an agent or a task that cannot serve them now: a circuit for each of them, and an
 * adaptive capacity for each agent. Times are monotonic milliseconds.
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

  /** How many attempts may be started on an agent with this many in flight. */
  agentRoom(agent: string, inFlight: number, now: number): number {
    const adapted = this.#capacity.get(agent)?.room(inFlight, now) ?? 0;
    return Math.min(adapted, this.#circuit("agent", agent).room(now));
  }

  /** Whether the next attempt is a probe; only one is made at a time. */
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

  /** @param inFlight attempts of the agent, including the overloaded one */
  overloaded(agent: string, overload: Overload, inFlight: number, now: number): void {
    const shrinking = this.#capacity.get(agent)?.overloaded(overload, inFlight, now);
    if (shrinking === undefined) return;
    const { from, to, pauseMs } = shrinking;
    const pause = pauseMs > 0 ? `; no new samples for ${seconds(pauseMs)}, as the endpoint requests` : "";
    const change = from === to ? `${to} sample at once` : `${from} -> ${to} samples at once`;
    this.#logger.warn(`agent ${agent} is overloaded (429 or 503): ${change}${pause}`);
  }

  /**
   * Records the end of an attempt. Returns when its sample must be retried regardless of the retry policy; undefined if the
   * retry policy decides.
   * @param inFlight attempts of the agent, including this one
   */
  ended(grant: Grant, outcome: EndedAttempt, inFlight: number, now: number): number | undefined {
    const { agent } = grant;
    if (outcome.overload) this.overloaded(agent, outcome.overload, inFlight, now);
    else if (outcome.kind === "ended") this.#grow(agent, inFlight, now);
    const evidence = evidenceOf(outcome);
    const dues: number[] = [];
    for (const side of ["agent", "task"] as const) {
      const due = this.#sampleDue(side, grant, evidence[side], now);
      if (due !== undefined && mayBeRetried(outcome)) dues.push(due);
    }
    const isRefused = outcome.kind === "failed" && isOverload(outcome.agentFailure);
    if (isRefused && grant.repeats < maxRepeats.overload) {
      const pausedUntil = this.#capacity.get(agent)?.pausedUntil ?? now;
      dues.push(Math.max(now + this.#delayMs(grant.repeats + 2), pausedUntil));
    }
    return dues.length > 0 ? Math.max(...dues) : undefined;
  }

  /** The next time at which more attempts may be started; undefined if no pause is running. */
  nextChange(now: number): number | undefined {
    const times = [...this.#capacity.values()].map(({ pausedUntil }) => pausedUntil);
    for (const circuits of Object.values(this.#circuits)) {
      for (const { halfOpenAt } of circuits.values()) if (halfOpenAt !== undefined) times.push(halfOpenAt);
    }
    const later = times.filter((time) => time > now);
    return later.length > 0 ? Math.min(...later) : undefined;
  }

  /** The agents and tasks that were given up, with the reason. */
  *givenUp(): Generator<{ side: SideKind; name: string; why: string }> {
    for (const side of ["agent", "task"] as const) {
      for (const [name, { givenUp }] of this.#circuits[side]) {
        if (givenUp !== undefined) yield { side, name, why: `it keeps failing (${givenUp})` };
      }
    }
  }

  #grow(agent: string, inFlight: number, now: number): void {
    const capacity = this.#capacity.get(agent);
    if (capacity?.succeeded(inFlight, now)) this.#logger.debug(`agent ${agent}: ${capacity.limit} samples at once`);
  }

  /** When the sample is due again: a failure while the circuit is open is no evidence about the sample. */
  #sampleDue(
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
      const tried = `${probes} ${probes === 1 ? "probe" : "probes"} failed`;
      return void this.#logger.warn(`${who}: ${text}; given up after ${seconds(afterMs)}: ${tried}`);
    }
    const { text, failures, pauseMs, because } = change;
    const what = {
      failures: failures === 1 ? "the last attempt failed" : `the last ${failures} attempts failed in the same way`,
      probe: "the probe failed too",
      relapse: "it failed again soon after it recovered",
    }[because];
    this.#logger.warn(`${who}: ${what} (${text}): paused for ${seconds(pauseMs)}, then one attempt probes it`);
  }
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}
