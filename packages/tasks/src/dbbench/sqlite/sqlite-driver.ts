import type { SqlValue } from "../python/python-text.js";

/** The part of `libsql/promise` that is used; its own declarations say `any`. */
export interface LibsqlDatabase {
  prepare(sql: string): Promise<LibsqlStatement>;
  interrupt(): void;
  close(): void;
  readonly inTransaction: boolean;
}

export interface LibsqlStatement {
  /** True where the statement gives rows. */
  readonly reader: boolean;
  raw(): LibsqlStatement;
  safeIntegers(): LibsqlStatement;
  /**
   * The first step runs on the engine's own threads and can be interrupted; the steps after it run on this one. So
   * whatever may take long has to happen in the first step.
   */
  iterate(parameters: readonly SqlValue[]): Promise<Iterable<SqlValue[]>>;
}

export type LibsqlConstructor = new (path: string, options: object) => LibsqlDatabase;

/** Threads that the engine starts with at least; an idle one costs next to nothing. */
const leastThreads = 64;

/**
 * Loads the engine. Each running statement holds one of its threads, of which there are as many as processors unless
 * this variable says otherwise: a few statements that never end would stop every other session until their timeout.
 * The engine offers no other way to say it, and reads it once, when it is loaded: a later task with more sessions in
 * the same process makes do with the threads there are.
 */
export async function loadLibsql(concurrency: number): Promise<LibsqlConstructor> {
  process.env.TOKIO_WORKER_THREADS ??= String(Math.max(leastThreads, concurrency + 8));
  const module = await import("libsql/promise");
  return module.default as unknown as LibsqlConstructor;
}
