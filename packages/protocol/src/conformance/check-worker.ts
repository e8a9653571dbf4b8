import { CodedError } from "../error.js";
import { CallFailure, Mismatch } from "./check.js";
import { jsonOf } from "./expectation.js";
import { hopelessness } from "./hopelessness.js";
import type { RawClient } from "./raw-client.js";
import { type CheckResult, type ConformanceReport, reportOf } from "./report.js";
import { runChecks } from "./run-checks.js";
import { reach, type TargetOptions } from "./target.js";
import { workerChecks } from "./worker/checks.js";
import { type SampleIndex, WorkerStage } from "./worker/stage.js";

export interface CheckWorkerOptions extends TargetOptions {
  /** Samples that may be run; a text means the integer of its digits where the worker has that. Default: its first. */
  indices?: readonly SampleIndex[] | undefined;
  /** What the agent says, in every turn. Default `I do not know.` */
  answer?: string | undefined;
  /** Default false: what takes every slot or ends everybody's sessions is skipped. */
  destructive?: boolean | undefined;
  /** Told of each result as it comes. */
  onResult?: ((result: CheckResult) => void) | undefined;
}

/**
 * Runs v0.2's contract against a worker; no controller is needed. Rejects with a CodedError where the worker cannot be
 * reached or the options are wrong.
 */
export async function checkWorker(options: CheckWorkerOptions): Promise<ConformanceReport> {
  const { destructive = false, onResult, signal, answer = "I do not know." } = options;
  const { client, address } = await reach(options, "worker");
  const indices = await chooseIndices(client, options.indices ?? []);
  const stage = new WorkerStage({ client, indices, answer });
  const [hopeless, afterEach] = [() => hopelessness(client), () => stage.clear()];
  const results = await runChecks(workerChecks, stage, { destructive, onResult, signal, hopeless, afterEach });
  return reportOf("worker", address, results, workerChecks);
}

/** A worker that does not say its indices in the contract's form is checked with what was given. */
async function chooseIndices(client: RawClient, wanted: readonly SampleIndex[]): Promise<SampleIndex[]> {
  const there = await indicesOf(client);
  if (there === undefined) return wanted.length > 0 ? wanted.map(asNumber) : [0];
  if (wanted.length === 0) return there.slice(0, 1);
  return wanted.map((index) => {
    const found = [index, asNumber(index)].find((one) => there.includes(one));
    if (found !== undefined) return found;
    const some = there.slice(0, 5).join(", ");
    throw new CodedError(
      "USAGE",
      `--index ${index}: the worker has no such sample; it has ${there.length} samples: ${some}, ..`,
    );
  });
}

async function indicesOf(client: RawClient): Promise<SampleIndex[] | undefined> {
  try {
    const list = jsonOf(await client.get("/get_indices"));
    const isList = Array.isArray(list) && list.length > 0 && list.every(isIndex);
    return isList ? list : undefined;
  } catch (error) {
    if (error instanceof Mismatch || error instanceof CallFailure) return undefined;
    throw error;
  }
}

function isIndex(value: unknown): value is SampleIndex {
  return Number.isInteger(value) || typeof value === "string";
}

function asNumber(index: SampleIndex): SampleIndex {
  return /^-?\d{1,15}$/.test(String(index)) ? Number(index) : index;
}
