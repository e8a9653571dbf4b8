/** Why an attempt failed; the first five are v0.2's. */
export type RunError =
  | "START_FAILED"
  | "INTERACT_FAILED"
  | "AGENT_FAILED"
  | "NETWORK_ERROR"
  | "NOT_AVAILABLE"
  | "TASK_ERROR"
  | "RUNNER_LOST"
  /** The attempt took longer than it may. */
  | "SAMPLE_TIMEOUT"
  /** The agent had all its turns, and the sample was not over. */
  | "TURN_LIMIT";
