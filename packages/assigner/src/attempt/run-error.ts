/** Why an attempt failed; the first five are v0.2's. */
export type RunError =
  | "START_FAILED"
  | "INTERACT_FAILED"
  | "AGENT_FAILED"
  | "NETWORK_ERROR"
  | "NOT_AVAILABLE"
  | "TASK_ERROR"
  | "RUNNER_LOST"
  /** The attempt exceeded its time limit. */
  | "SAMPLE_TIMEOUT"
  /** The agent used all its turns before the sample ended. */
  | "TURN_LIMIT";
