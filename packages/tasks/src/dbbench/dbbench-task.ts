import type { SampleIndex, SampleResult, Session, Task } from "@eval/protocol/task";
import { converse } from "./conversation.js";
import { type DBBenchSample, isWriteKind, kindOf } from "./data-set.js";
import { comparableRows, type DatabaseServer, type SampleDatabase, StatementError } from "./database.js";
import { calculateOverall } from "./overall.js";
import type { DBBenchParameters } from "./parameters.js";
import { isCorrect } from "./score.js";
import { reportedHash, tableHash } from "./table-hash.js";

export interface DBBenchTaskParts {
  parameters: DBBenchParameters;
  samples: readonly DBBenchSample[];
  version: string;
  server: DatabaseServer;
}

/** The task itself: one conversation per sample, with its own database, which is always dropped. */
export function createTask({ parameters, samples, version, server }: DBBenchTaskParts): Task {
  return {
    name: parameters.name,
    concurrency: parameters.concurrency,
    version,
    getIndices: () => samples.map((_, index) => index),
    async startSample(index, session) {
      const sample = sampleAt(samples, index);
      if (session.signal.aborted) return { status: "unknown", result: null };
      const database = await server.create(sample.table);
      try {
        return await runSample({ sample, server, database, maxRounds: parameters.max_round }, session);
      } catch (error) {
        if (session.signal.aborted) return { status: "unknown", result: null };
        throw error;
      } finally {
        await database.drop();
      }
    },
    calculateOverall: (results) => calculateOverall(samples, results),
    release: () => server.release(),
  };
}

function sampleAt(samples: readonly DBBenchSample[], index: SampleIndex): DBBenchSample {
  const sample = typeof index === "number" ? samples[index] : undefined;
  if (!sample)
    throw new RangeError(`Sample ${JSON.stringify(index)} does not exist: indices are 0 to ${samples.length - 1}`);
  return sample;
}

interface RunningSample {
  sample: DBBenchSample;
  server: DatabaseServer;
  database: SampleDatabase;
  maxRounds: number;
}

async function runSample(running: RunningSample, session: Session): Promise<SampleResult> {
  const { sample, server, database, maxRounds } = running;
  const end = await converse({ sample, dialect: server.dialect, database, maxRounds }, session);
  if (end.status === "unknown") return { status: "unknown", result: null };
  const writes = isWriteKind(kindOf(sample));
  const answer = writes ? await hashOf(sample, database, session.signal) : end.answer;
  const result = {
    answer,
    type: kindOf(sample),
    std_answer: writes ? (sample.answer_md5 ?? null) : sample.label,
    correct: answer !== null && isCorrect(sample, answer),
    rounds: end.rounds,
  };
  return { status: end.status, result };
}

/** Stands for a table that was dropped or blown up: no table has this hash. */
const unreadable = "[]";

/** The hash of the table as the conversation left it. */
async function hashOf(sample: DBBenchSample, database: SampleDatabase, signal: AbortSignal): Promise<string> {
  try {
    const rows = await database.joinedRows(signal);
    if (rows.length > comparableRows(sample.table)) return unreadable;
    return reportedHash(tableHash(rows), sample.answer_md5 ?? "");
  } catch (error) {
    if (error instanceof StatementError) return unreadable;
    throw error;
  }
}
