import type { Logger } from "@eval/protocol/logger";

/** Which runners a centre wants: where their class is, and how many of them. */
export interface RunnerDescriptor {
  /** URL of the module. */
  module: string;
  /** Name of the class in it. */
  export: string;
  /** At least 1. */
  count: number;
}

/** What a runner finds in its own process. */
export interface RunnerServices {
  /** Of this runner: no other one of the launch ever has it. */
  id: string;
  logger: Logger;
  /** Aborts when the run is stopped: attempts under way end as `stopped`. */
  signal: AbortSignal;
}

/** The channel from a runner to its centre: a message, and what the centre's `onRequest` answers. */
export type CenterChannel = (message: unknown) => Promise<unknown>;

/**
 * Carries samples out. It lives wherever its centre puts it and knows the centre through two things alone: what was
 * restored from the shared parameter, and the channel.
 */
export abstract class Runner<Shared> {
  constructor(
    protected readonly shared: Shared,
    protected readonly request: CenterChannel,
    protected readonly services: RunnerServices,
  ) {}

  /** Runs until the centre has nothing more for this runner. */
  abstract doRun(): Promise<void>;

  /** Gives back what the runner holds. Called once, after its last run, or where there was none. */
  async close(): Promise<void> {}
}

/** A runner's class. It names its centre, so that a runner's process can restore the shared parameter by it. */
export interface RunnerClass<Param = never, Shared = unknown> {
  new (shared: Shared, request: CenterChannel, services: RunnerServices): Runner<Shared>;
  readonly center: {
    /** Makes what the runners work with of what the centre sent, in the runner's process. */
    restoreSharedParam(param: Param, services: RunnerServices): Promise<Shared>;
  };
}
