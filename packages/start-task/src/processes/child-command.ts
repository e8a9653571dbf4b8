/** How one process is started. */
export interface ChildCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
  /** Absolute. */
  cwd: string;
  /** Set for `docker run`: the container, to be killed where ending its command does not end it. */
  container?: string;
}
