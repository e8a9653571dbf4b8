import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskOutput } from "@eval/protocol";

/** A line of runs.jsonl or error.jsonl. */
export interface Line {
  index: number;
  error: string | null;
  info: string | null;
  output: TaskOutput | null;
  time: { timestamp: number; str: string };
  attempt: number;
}

/** An agent with a task, as an output folder has them. */
export class CellFolder {
  readonly runs: string;
  readonly errors: string;
  readonly overall: string;

  constructor(output: string, agent: string, task: string) {
    const at = (file: string) => join(output, agent, task, file);
    this.runs = at("runs.jsonl");
    this.errors = at("error.jsonl");
    this.overall = at("overall.json");
  }

  results(): Line[] {
    return linesOf(this.runs);
  }

  failures(): Line[] {
    return linesOf(this.errors);
  }

  /** Samples with a result, in the order of their indices; one with two results is there twice. */
  indices(): number[] {
    return this.results()
      .map(({ index }) => index)
      .sort((one, other) => one - other);
  }

  /** Lines that are whole, while somebody may still be writing. */
  count(): number {
    return existsSync(this.runs) ? readFileSync(this.runs, "utf8").split("\n").length - 1 : 0;
  }
}

/** 0, 1, ..., count - 1. */
export function allIndices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Every line has to be JSON, and whole. */
function linesOf(file: string): Line[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  if (text !== "" && !text.endsWith("\n")) throw new Error(`${file} ends within a line`);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}
