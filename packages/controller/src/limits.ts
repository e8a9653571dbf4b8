/** Timers and limits of a controller, in milliseconds. */
export interface ControllerLimits {
  /** Time without a heartbeat before a worker is COMA and gets no new sessions. Default 11,000. */
  comaAfterMs: number;
  /** Time without a heartbeat before a DEAD worker and its sessions are forgotten. Default 60,000. */
  forgetAfterMs: number;
  /** Time after the start in which unknown tasks and sessions may still become known. Default 20,000. */
  recoveryWindowMs: number;
  /** Time without a turn before a session of a v0.2 client is canceled. Default 1,800,000. */
  sessionExpireMs: number;
  /** How long a start or a turn of a v0.2 worker may take. Default 240,000. */
  workerTimeoutMs: number;
  /** How long a task may take to calculate its overall. Default 600,000. */
  overallTimeoutMs: number;
}

export const defaultLimits: ControllerLimits = {
  comaAfterMs: 11_000,
  forgetAfterMs: 60_000,
  recoveryWindowMs: 20_000,
  sessionExpireMs: 1_800_000,
  workerTimeoutMs: 240_000,
  overallTimeoutMs: 600_000,
};

/** Interval of the reaper, in milliseconds. */
export const tickMs = 1_000;
