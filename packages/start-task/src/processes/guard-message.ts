/** A process that start-task has started, with its group. */
export interface Owned {
  pid: number;
  /** Set for `docker run`. */
  container?: string | undefined;
}

/** A message from start-task to its guard. */
export type GuardMessage =
  | { type: "own"; owned: Owned }
  | { type: "disown"; pid: number }
  /** A file or folder to remove when start-task is gone. */
  | { type: "file"; path: string }
  /** Wait no longer when start-task goes. */
  | { type: "kill" };
