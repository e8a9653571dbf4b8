import type { Role } from "../bins/find-bin.js";

/** One process as events and listings show it. */
export interface ProcessInfo {
  role: Role;
  /** The task; `controller` for the controller. */
  task: string;
  /** 0 until a process that chooses its own port has reported it. */
  port: number;
  /** Where it is reached; undefined until it listens. */
  address: string | undefined;
  /** Undefined while it does not run. */
  pid: number | undefined;
}

/** An event of one of the processes. */
export type LaunchEvent =
  | { type: "started"; process: ProcessInfo }
  | { type: "listening"; process: ProcessInfo }
  /** Ended unexpectedly; it is restarted in `restartInMs`. */
  | { type: "crashed"; process: ProcessInfo; exit: string; restartInMs: number }
  /** Ended unexpectedly, and is not restarted. */
  | { type: "gave_up"; process: ProcessInfo; exit: string; why: string }
  /** Ended on request; `killed` if it missed its deadline. */
  | { type: "stopped"; process: ProcessInfo; killed: boolean };
