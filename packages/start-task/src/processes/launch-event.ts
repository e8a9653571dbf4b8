import type { Role } from "../bins/find-bin.js";

/** One process as events and listings show it. */
export interface ProcessInfo {
  role: Role;
  /** The task; `controller` for the controller. */
  task: string;
  /** 0 until a process that chooses its port has told it. */
  port: number;
  /** Where it is reached; undefined until it listens. */
  address: string | undefined;
  /** Undefined while it does not run. */
  pid: number | undefined;
}

/** What happens to the processes, as it happens. */
export type LaunchEvent =
  | { type: "started"; process: ProcessInfo }
  | { type: "listening"; process: ProcessInfo }
  /** Ended without being asked; it is started again in `restartInMs`. */
  | { type: "crashed"; process: ProcessInfo; exit: string; restartInMs: number }
  /** Ended without being asked, and is not started again. */
  | { type: "gave_up"; process: ProcessInfo; exit: string; why: string }
  /** Ended because it was asked to; `killed` where it had to be. */
  | { type: "stopped"; process: ProcessInfo; killed: boolean };
