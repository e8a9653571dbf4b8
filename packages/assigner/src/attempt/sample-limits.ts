/** What one attempt at a sample may take. Structured-cloneable: it travels to every kind of runner. */
export interface SampleLimits {
  /** Milliseconds from the grant to the end, the agent's and the task's time together. Undefined: no limit. */
  timeoutMs?: number | undefined;
  /** The agent's turns in one sample. Undefined: no limit but the task's own. */
  maxTurns?: number | undefined;
}
