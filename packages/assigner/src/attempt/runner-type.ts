/** The bundled centers. */
export const runnerTypes = ["flow", "data_parallel", "local", "distributed", "dummy"] as const;

/** A bundled center: `flow` (the default), `local`, `data_parallel`, `distributed`, `dummy`. */
export type RunnerType = (typeof runnerTypes)[number];

export function isRunnerType(runner: string): runner is RunnerType {
  return (runnerTypes as readonly string[]).includes(runner);
}
