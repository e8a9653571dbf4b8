import { type EvaluationEvent, evaluate } from "@eval/assigner";

type Grant = Extract<EvaluationEvent, { type: "granted" }>["grant"];

/** How a run has used its slots: from its own events, each of which takes a slot or gives it back. */
export interface SlotUse {
  /** From the first grant to the last end, in milliseconds. */
  spanMs: number;
  /** How long the attempts of each agent and each task held their slots, all together; milliseconds. */
  heldMs: ReadonlyMap<string, number>;
}

/** Runs an evaluation in this process. */
export async function measureSlotUse(config: string): Promise<SlotUse> {
  const since = new Map<string, number>();
  const heldMs = new Map<string, number>();
  const times: number[] = [];
  const end = ({ agent, task, index }: Grant, now: number) => {
    const ms = now - (since.get(`${agent} ${task} ${index}`) ?? Number.NaN);
    for (const name of [agent, task]) heldMs.set(name, (heldMs.get(name) ?? 0) + ms);
  };
  const onEvent = (event: EvaluationEvent) => {
    if (event.type !== "granted" && event.type !== "ended") return;
    const now = performance.now();
    times.push(now);
    if (event.type === "ended") return end(event.grant, now);
    const { agent, task, index } = event.grant;
    since.set(`${agent} ${task} ${index}`, now);
  };
  const { outcome } = await evaluate(config, { onEvent });
  if (outcome !== "complete") throw new Error(`The run was ${outcome}`);
  return { spanMs: Math.max(...times) - Math.min(...times), heldMs };
}

/**
 * The least time in which these attempts could have taken place, in milliseconds: no part can hold more than all of its
 * slots. It is measured in the run itself, so a busy machine, on which each attempt takes longer, changes little.
 */
export function leastSpanMs({ heldMs }: SlotUse, slots: Readonly<Record<string, number>>): number {
  return Math.max(...Object.entries(slots).map(([name, count]) => (heldMs.get(name) ?? Number.NaN) / count));
}
