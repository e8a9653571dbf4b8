import { CodedError } from "@eval/protocol";
import { maxEpochs } from "../config/evaluation-config.js";
import type { EvaluateOptions } from "./evaluate-options.js";

/** The wire's limit: one day. */
const maxLeaseS = 86_400;

interface Rule {
  /** The option's name in messages, with its unit. */
  name: string;
  expected: string;
  isMet(value: number): boolean;
}

const positiveInteger = { expected: "a positive integer", isMet: (value: number) => isIntegerFrom(1, value) };

/** Rules for the numeric options; options that are not set are not checked. */
const rules: { [Option in keyof EvaluateOptions]?: Rule } = {
  leaseS: {
    name: "lease",
    expected: `more than 0 and at most ${maxLeaseS} seconds`,
    isMet: (value) => value > 0 && value <= maxLeaseS,
  },
  epochs: {
    name: "epochs",
    expected: `an integer from 1 to ${maxEpochs}`,
    isMet: (value) => isIntegerFrom(1, value) && value <= maxEpochs,
  },
  maxAttempts: { name: "attempts", ...positiveInteger },
  maxTurns: { name: "turns", ...positiveInteger },
  dataParallel: { name: "runner processes", ...positiveInteger },
  circuit: { name: "circuit", expected: "an integer of at least 0", isMet: (value) => isIntegerFrom(0, value) },
  sampleTimeoutMs: {
    name: "sample timeout",
    expected: "more than 0 milliseconds",
    isMet: (value) => value > 0 && Number.isFinite(value),
  },
  waitForWorkersMs: {
    name: "wait for workers",
    expected: "at least 0 milliseconds",
    isMet: (value) => value >= 0,
  },
};

/** Throws USAGE for the first number outside its valid range. */
export function checkOptions(options: EvaluateOptions): void {
  for (const [option, { name, expected, isMet }] of Object.entries(rules)) {
    const value: unknown = options[option as keyof EvaluateOptions];
    if (value === undefined || (typeof value === "number" && isMet(value))) continue;
    throw new CodedError("USAGE", `${name}: expected ${expected}, received ${String(value)}`);
  }
}

function isIntegerFrom(least: number, value: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
