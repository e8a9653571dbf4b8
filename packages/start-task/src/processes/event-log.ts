import type { Logger, LogLevel } from "@eval/protocol/logger";
import type { LaunchEvent } from "./launch-event.js";

/** Logs the events of the processes, each with a suitable level. */
export function logEvent(event: LaunchEvent, logger: Logger): void {
  const { level, message } = describe(event);
  logger[level](message, { pid: event.process.pid });
}

function describe(event: LaunchEvent): { level: LogLevel; message: string } {
  const { task, port, address } = event.process;
  const name = port === 0 ? task : `${task}:${port}`;
  switch (event.type) {
    case "started":
      return { level: "debug", message: `Started ${name}` };
    case "listening":
      return { level: "debug", message: `${name} listens on ${address}` };
    case "crashed": {
      const again = `restarting it in ${event.restartInMs / 1000} s`;
      return { level: "warn", message: `${name} ended unexpectedly (${event.exit}): ${again}` };
    }
    case "gave_up":
      return {
        level: "error",
        message: `${name} ended unexpectedly (${event.exit}) and is NOT restarted: ${event.why}`,
      };
    case "stopped":
      if (event.killed) return { level: "warn", message: `${name} did not end in time and was killed` };
      return { level: "debug", message: `Stopped ${name}` };
  }
}
