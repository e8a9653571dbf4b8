import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runServer } from "verdaccio";
import { run } from "./running-process.js";

/** A package registry of the test's own, on loopback. */
export interface Registry {
  /** Ends with a slash. */
  url: string;
  close(): Promise<void>;
}

/** Takes packages of `@eval` from anyone; fetches all others from the registry that npm is configured for. */
export async function startRegistry(folder: string): Promise<Registry> {
  const server: Server = await runServer(await configuration(folder));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

type Configuration = Exclude<Parameters<typeof runServer>[0], string | undefined>;

async function configuration(folder: string): Promise<Configuration> {
  const { registry, cafile, "https-proxy": proxy } = await npmSettings(["registry", "cafile", "https-proxy"]);
  const anyone = "$all";
  const config = {
    // Relative paths, of which the list of local packages is one, start here.
    configPath: join(folder, "config.yaml"),
    self_path: join(folder, "config.yaml"),
    storage: join(folder, "storage"),
    uplinks: {
      upstream: {
        url: registry,
        timeout: "60s",
        maxage: "60m",
        ...(cafile !== undefined && { ca: readFileSync(cafile, "utf8") }),
        ...(proxy !== undefined && { https_proxy: proxy }),
      },
    },
    packages: {
      "@eval/*": { access: anyone, publish: anyone },
      "**": { access: anyone, proxy: "upstream" },
    },
    web: { enable: false },
    log: { type: "stdout", format: "pretty", level: "fatal" },
  };
  return config as unknown as Configuration;
}

/** The settings of the npm that is installed here, where they are set. */
async function npmSettings(names: readonly string[]): Promise<Record<string, string | undefined>> {
  const { stdout } = await run("npm", ["config", "get", ...names], { cwd: import.meta.dirname });
  const lines = stdout.split("\n").map((line) => /^([^=]+)=(.+)$/.exec(line.trim()));
  const found = lines.filter((match) => match !== null).map(([, name, value]) => [name, value] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== "null" && value !== "undefined"));
}
