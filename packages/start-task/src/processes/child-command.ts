/** How one process is started. */
export interface ChildCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
  /** Absolute. */
  cwd: string;
  /** Set for `docker run`: the container, to be killed if it does not end together with its command. */
  container?: string;
}
