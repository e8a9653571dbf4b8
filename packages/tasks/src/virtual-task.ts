import { setTimeout as delay } from "node:timers/promises";
import type { BuildContext, Json, SampleResult, Session, Task, TaskOutput } from "@eval/protocol/task";
import { z } from "zod";
import { readParameters } from "./parameters.js";
import { untilAborted } from "./until-aborted.js";

/** "Every k-th sample": with 3, those of the indices 2, 5, 8, ...; absent: none. */
const everySchema = z.int().min(1).optional();

const virtualTaskParametersSchema = z.object({
  name: z.string().min(1).default("virtual"),
  concurrency: z.int().min(1).default(16),
  samples: z.int().min(0).default(10),
  /** Answers that a sample asks for. */
  rounds: z.int().min(1).default(1),
  /** Milliseconds that the task takes before each of its messages. */
  delay_ms: z.number().min(0).default(0),
  /** Each message is padded to this number of bytes. */
  message_bytes: z.int().min(0).default(0),
  /** These samples throw before they say anything. */
  start_fail_every: everySchema,
  /** These samples throw after the agent's first answer. */
  fail_every: everySchema,
  /** These samples say nothing after the agent's first answer, until their session is aborted. */
  hang_every: everySchema,
});

type VirtualTaskParameters = z.infer<typeof virtualTaskParametersSchema>;

/** A task without an environment, for examples and tests: it asks for an answer `rounds` times and echoes the last. */
export function VirtualTask({ parameters }: BuildContext<unknown>): Task {
  const read = readParameters("VirtualTask", virtualTaskParametersSchema, parameters);
  return {
    name: read.name,
    concurrency: read.concurrency,
    getIndices: () => Array.from({ length: read.samples }, (_, index) => index),
    startSample: (index, session) => runSample(read, Number(index), session),
    calculateOverall,
  };
}

async function runSample(parameters: VirtualTaskParameters, index: number, session: Session): Promise<SampleResult> {
  const { signal } = session;
  if (isDue(parameters.start_fail_every, index)) throw new Error(`Sample ${index} fails at its start, as configured`);
  let echoed = "";
  for (let round = 1; round <= parameters.rounds; round += 1) {
    await untilAborted(
      delay(parameters.delay_ms, undefined, { signal }).catch(() => {}),
      signal,
    );
    if (signal.aborted) return { status: "unknown", result: null };
    const output = await untilAborted(session.action(messageOf(parameters, index, round)), signal);
    if (output === undefined || output.status === "cancelled") return { status: "unknown", result: null };
    if (output.status === "agent context limit")
      return { status: output.status, result: { rounds: round - 1, echoed } };
    echoed = output.content ?? "";
    if (isDue(parameters.fail_every, index)) throw new Error(`Sample ${index} fails, as configured`);
    if (isDue(parameters.hang_every, index)) await untilAborted(new Promise(() => {}), signal);
  }
  return { status: "completed", result: { rounds: parameters.rounds, echoed } };
}

function isDue(every: number | undefined, index: number): boolean {
  return every !== undefined && (index + 1) % every === 0;
}

function messageOf(parameters: VirtualTaskParameters, index: number, round: number): string {
  return `Sample ${index}, round ${round} of ${parameters.rounds}: say anything.`.padEnd(parameters.message_bytes, ".");
}

async function calculateOverall(results: AsyncIterable<TaskOutput>): Promise<Json> {
  let count = 0;
  let completed = 0;
  for await (const { status } of results) {
    count += 1;
    if (status === "completed") completed += 1;
  }
  return { count, completed, completed_share: count === 0 ? null : completed / count, metric: "completed_share" };
}
