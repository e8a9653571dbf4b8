/** Windows has no process groups to send signals to: there, only the process itself is ended. */
const target = (pid: number): number => (process.platform === "win32" ? pid : -pid);

/** Sends a signal to the group that a detached process leads; false if no process is left. */
export function killGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    return process.kill(target(pid), signal);
  } catch {
    return false;
  }
}

export function isGroupAlive(pid: number): boolean {
  try {
    process.kill(target(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
