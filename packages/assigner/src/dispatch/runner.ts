import type { Logger } from "@eval/protocol/logger";

/** Describes the runners of a center: the location of their class, and their number. */
export interface RunnerDescriptor {
  /** URL of the module. */
  module: string;
  /** Name of the class in it. */
  export: string;
  /** At least 1. */
  count: number;
}

/** The services of a runner in its own process. */
export interface RunnerServices {
  /** Unique among all runners of the launch. */
  id: string;
  logger: Logger;
  /** Aborts when the run is stopped: pending attempts end as `stopped`. */
  signal: AbortSignal;
}

/** The channel from a runner to its center: sends a message, and resolves with the result of the center's `onRequest`. */
export type CenterChannel = (message: unknown) => Promise<unknown>;

/**
 * Runs samples. It lives wherever its center puts it, and depends on the center only through the restored shared
 * parameter and the channel.
 */
export abstract class Runner<Shared> {
  constructor(
    protected readonly shared: Shared,
    protected readonly request: CenterChannel,
    protected readonly services: RunnerServices,
  ) {}

  /** Runs until the center has nothing more for this runner. */
  abstract doRun(): Promise<void>;

  /** Releases the runner's resources. Called once, after its last run or without any run. */
  async close(): Promise<void> {}
}

/** A runner's class. It refers to its center, so that a runner's process can restore the shared parameter. */
export interface RunnerClass<Param = never, Shared = unknown> {
  new (shared: Shared, request: CenterChannel, services: RunnerServices): Runner<Shared>;
  readonly center: {
    /** Creates the runners' shared objects from the center's parameter, in the runner's process. */
    restoreSharedParam(param: Param, services: RunnerServices): Promise<Shared>;
  };
}
