import { connect } from "node:net";
import { CodedError } from "../error.js";
import { CallFailure } from "./check.js";
import { RawClient } from "./raw-client.js";

export interface TargetOptions {
  /** `http://host:5000/api`. */
  url: string;
  /** Sent as `Authorization: Bearer`. */
  token?: string | undefined;
  /** How long one call may take, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
  /** Ends the checks early: the remaining checks are not in the report. */
  signal?: AbortSignal | undefined;
}

/** The implementation under test, once it was reached. */
export interface Target {
  client: RawClient;
  /** Without credentials. */
  address: string;
}

/**
 * Looks whether anything is there at all. Rejects with USAGE for a wrong url, UNREACHABLE where nothing listens,
 * UNAUTHORIZED where a token is demanded, FORBIDDEN where it answers 403.
 *
 * @param role the expected role; the other role is recognized by its routes
 */
export async function reach(options: TargetOptions, role: "controller" | "worker"): Promise<Target> {
  const base = parseUrl(options.url);
  const { token, signal } = options;
  const timeoutMs = Math.min(Math.ceil(options.timeoutMs ?? 10_000), longestTimeoutMs);
  const address = `${base.origin}${base.pathname}`;
  await assertListens(base, address, timeoutMs);
  const client = new RawClient({ base, token, timeoutMs, signal });
  await assertRole(client, address, role);
  return { client, address };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    const meant = URL.canParse(`http://${text}`) ? `; did you mean http://${text}?` : "";
    throw new CodedError(
      "USAGE",
      `--url: "${text}" is not an HTTP address: use a form like http://localhost:5000/api${meant}`,
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  if (url.pathname.endsWith("/api")) return url;
  const meant = `${url.origin}${url.pathname.replace(/\/$/, "")}/api`;
  throw new CodedError("USAGE", `--url: all routes are under /api; did you mean ${meant}?`);
}

function assertListens(url: URL, address: string, timeoutMs: number): Promise<void> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, timeout: timeoutMs });
    const fail = (why: string) => {
      socket.destroy();
      reject(
        new CodedError(
          "UNREACHABLE",
          `${address} is unreachable: ${why}. Check that the server runs and that the port is correct`,
        ),
      );
    };
    socket.once("connect", () => resolve(void socket.destroy()));
    socket.once("timeout", () => fail(`no connection within ${timeoutMs / 1000} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => fail(error.message || (error.code ?? "no connection")));
  });
}

/** Timers know no longer one. */
const longestTimeoutMs = 2 ** 31 - 1;

const ownRoute = { controller: "/list_workers", worker: "/worker_status" } as const;

async function assertRole(client: RawClient, address: string, role: "controller" | "worker"): Promise<void> {
  const other = role === "controller" ? "worker" : "controller";
  const status = await statusOf(client, ownRoute[role]);
  if (status === 403) {
    const advice = "another service may listen there, or the server must be started with --allow-host for this name";
    throw new CodedError("FORBIDDEN", `${address} rejects every request (403): ${advice}`);
  }
  if (status === 401) {
    throw new CodedError("UNAUTHORIZED", `${address} requires a token: set the correct one with --token or EVAL_TOKEN`);
  }
  if (status === 404 && (await statusOf(client, ownRoute[other])) === 200) {
    throw new CodedError("USAGE", `${address} is a ${other}: check it with \`conformance ${other}\``);
  }
}

/** Undefined if nothing answers: the checks will say so. */
async function statusOf(client: RawClient, path: string): Promise<number | undefined> {
  try {
    return (await client.get(path)).status;
  } catch (error) {
    if (error instanceof CallFailure) return undefined;
    throw error;
  }
}
