/** Limits of one attempt at a sample. Structured-cloneable, because they are sent to every kind of runner. */
export interface SampleLimits {
  /** Milliseconds from the grant to the end, agent and task time together. Undefined: no limit. */
  timeoutMs?: number | undefined;
  /** Maximum number of agent turns in one sample. Undefined: only the task's own limit. */
  maxTurns?: number | undefined;
}
