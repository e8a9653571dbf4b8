import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CodedError } from "../error.js";

export interface ListenOptions {
  /** 0: the system chooses. */
  port: number;
  host: string;
  /** Only for the hint about macOS; default process.platform. */
  platform?: NodeJS.Platform;
}

/** Listens and resolves with the port. Rejects with PORT_IN_USE, or USAGE for an address that is not this host's. */
export function listen(server: Server, options: ListenOptions): Promise<number> {
  // A pooled client must never find that the server has just closed the connection that it is about to use.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 60_000;
  // A whole run's results may be streamed to calculate_overall, as fast as the task takes them.
  server.requestTimeout = 3_600_000;
  return new Promise((resolve, reject) => {
    // Stays: once it listens, an error is one connection that could not be accepted, and no reason to end.
    server.on("error", (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen(options.port, options.host, () => resolve((server.address() as AddressInfo).port));
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port, platform = process.platform }: ListenOptions): Error {
  if (error.code === "EADDRINUSE") {
    const airplay = platform === "darwin" && port === 5000 ? " (on macOS: AirPlay Receiver uses 5000)" : "";
    const advice = "stop the program that uses it, or choose another port with --port";
    return new CodedError("PORT_IN_USE", `Port ${port} on ${host} is in use${airplay}: ${advice}`);
  }
  if (error.code === "EACCES") {
    return new CodedError(
      "USAGE",
      `Port ${port} requires more privileges than this user has: choose a port above 1023`,
    );
  }
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return new CodedError("USAGE", `${host} is not an address of this host: choose another address with --host`);
  }
  return error;
}

/** Stops listening, lets running requests end, and closes the remaining connections after the deadline (default 5 s). */
export function closeServer(server: Server, deadlineMs = 5_000): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    // A connection that becomes idle later would otherwise be kept for its client's next request.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
  });
}
