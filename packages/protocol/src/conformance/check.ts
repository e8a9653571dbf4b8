/** One demand of the contract, made of a running implementation. */
export interface Check<Context> {
  /** Stable, `<route or subject>.<what>`. */
  id: string;
  title: string;
  /** Ids of checks without whose success this one would say nothing. */
  needs?: readonly string[];
  /** True: without this check the contract counts as not checked. Default false. */
  required?: boolean;
  /** True: it ends everybody's sessions, and runs only where that was allowed. */
  destructive?: boolean;
  /**
   * Resolves where the demand is met, with what was seen where the contract leaves a choice. Rejects with a
   * {@link Mismatch}, a {@link CallFailure} or a {@link Skip}.
   */
  run(context: Context): Promise<string | undefined> | Promise<void>;
}

/** The contract is broken. */
export class Mismatch extends Error {
  constructor(
    readonly expected: string,
    readonly received: string,
  ) {
    super(`expected ${expected}; received ${received}`);
  }
}

/** There was no answer: nothing came in time, or the connection broke. */
export class CallFailure extends Error {}

/** The check cannot be made here. */
export class Skip extends Error {}
