import { createServer } from "node:net";
import { CodedError } from "@eval/protocol";

/** A port to listen on, and the process that needs it. */
export interface WantedPort {
  port: number;
  host: string;
  label: string;
}

/**
 * Binds every port for a moment. Throws PORT_IN_USE that names all that are taken, or USAGE for a host that is not
 * this machine's.
 */
export async function assertPortsFree(wanted: readonly WantedPort[], platform = process.platform): Promise<void> {
  const taken: string[] = [];
  for (const { port, host, label } of wanted) {
    const code = await tryPort(port, host);
    if (code === "EADDRINUSE") taken.push(`${port} (${label})`);
    else if (code === "EACCES")
      throw usage(`port ${port} requires more privileges than this user has: choose a port above 1023`);
    else if (code !== undefined)
      throw usage(`${host} is not an address of this host (${code}): choose another address with --host`);
  }
  if (taken.length === 0) return;
  const airplay = platform === "darwin" && taken.some((text) => text.startsWith("5000 "));
  throw new CodedError(
    "PORT_IN_USE",
    `${taken.length === 1 ? "this port is" : "these ports are"} in use: ${taken.join(", ")}${airplay ? " (on macOS: AirPlay Receiver uses 5000)" : ""}; stop the programs that use them, or choose other ports with --base-port (workers) and --controller`,
  );
}

/** Ports that are currently unused, all different. */
export async function chooseFreePorts(count: number, host: string): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    const listening = servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, host, () => resolve((server.address() as { port: number }).port));
        }),
    );
    return await Promise.all(listening);
  } finally {
    for (const server of servers) server.close();
  }
}

function tryPort(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function usage(message: string): CodedError {
  return new CodedError("USAGE", message);
}
