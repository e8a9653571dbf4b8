import type { Agent } from "@eval/protocol/agent";
import type { BuildContext } from "@eval/protocol/task";
import { readDataFile } from "../../data-file.js";
import { readParameters } from "../../parameters.js";
import { type Cell, type DBBenchSample, isWriteKind, kindOf, parseDataSet } from "../data-set.js";
import { referenceAgentParametersSchema } from "../parameters.js";
import { questionOf } from "../prompt.js";
import { listText, type SqlValue } from "../python/python-text.js";
import { answerReply, operationReply } from "../replies.js";

/**
 * An agent that knows the solutions: the ceiling of a data set. It runs the reference statement, then answers with the
 * reference answer. It keeps nothing between turns. Parameter: `data_file`, the task's own.
 */
export async function DBBenchReferenceAgent({ parameters, configDir }: BuildContext<unknown>): Promise<Agent> {
  const read = readParameters("DBBenchReferenceAgent", referenceAgentParametersSchema, parameters);
  const samples = parseDataSet(await readDataFile(read.data_file, configDir));
  return {
    async inference(history) {
      const said = history.filter((message) => message.role === "user").map((message) => message.content);
      const sample = findSample(samples, said);
      if (!sample) throw new Error(`This conversation contains no question of ${read.data_file}`);
      const statement = referenceStatement(sample);
      const isFirstTurn = !history.some((message) => message.role === "agent");
      return isFirstTurn && statement !== undefined ? operationReply(statement) : answerReply(referenceAnswer(sample));
    },
  };
}

/** The sample that is asked; of several the longest, because a question can be a part of another one. */
function findSample(samples: readonly DBBenchSample[], said: readonly string[]): DBBenchSample | undefined {
  const asked = samples.filter((sample) => said.some((text) => text.includes(questionOf(sample))));
  return asked.reduce<DBBenchSample | undefined>((longest, sample) => {
    return longest && questionOf(longest).length >= questionOf(sample).length ? longest : sample;
  }, undefined);
}

function referenceStatement(sample: DBBenchSample): string | undefined {
  if (!isWriteKind(kindOf(sample))) return sample.sql?.query;
  const [statement] = sample.label;
  return typeof statement === "string" ? statement : undefined;
}

function referenceAnswer(sample: DBBenchSample): string {
  return isWriteKind(kindOf(sample)) ? "['done']" : listText(sample.label.map(pythonValue));
}

/** A cell of the JSON as Python reads it: whole numbers are integers. */
function pythonValue(cell: Cell): SqlValue {
  if (typeof cell === "boolean") return { python: cell ? "True" : "False" };
  return typeof cell === "number" && Number.isSafeInteger(cell) ? BigInt(cell) : cell;
}
