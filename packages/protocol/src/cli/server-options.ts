import type { Command } from "commander";
import { CodedError } from "../error.js";
import { isLoopbackHost } from "../loopback.js";
import { portOption } from "./options.js";

/** The options that {@link addServerOptions} adds to a command. */
export interface ServerOptions {
  port: number;
  host: string;
  token?: string;
  insecure?: boolean;
  allowHost: string[];
}

export function addServerOptions(command: Command, defaults: { port: number }): Command {
  return command
    .option(
      "-p, --port <port>",
      "port to listen on; 0 lets the system choose a free port a free port",
      portOption,
      defaults.port,
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--token <token>", "token that callers must send, and that is sent to other servers (or set EVAL_TOKEN)")
    .option("--insecure", "allow listening beyond this machine without a token")
    .option(
      "--allow-host <name>",
      "also accept requests without a token under this host name (repeatable; not needed for localhost and IP addresses)",
      repeatable,
      [],
    );
}

/** Collects the values of an option that may be given several times. */
export function repeatable(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

export interface TokenQuestion {
  host: string;
  token?: string | undefined;
  insecure?: boolean | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * The token that a server bound to `host` demands: `--token`, else EVAL_TOKEN, else none. Throws USAGE if the host
 * reaches beyond this machine and there is neither a token nor `--insecure`.
 */
export function resolveToken({ host, token, insecure, env }: TokenQuestion): string | undefined {
  const found = token ?? (env.EVAL_TOKEN === "" ? undefined : env.EVAL_TOKEN);
  if (found !== undefined) return checkToken(found, token === undefined ? "EVAL_TOKEN" : "--token");
  if (insecure === true || isLoopbackHost(host)) return undefined;
  throw new CodedError(
    "USAGE",
    `listening on ${host} is open to other machines: set a token (--token TOKEN or EVAL_TOKEN), or allow access without a token with --insecure`,
  );
}

/** A token is sent in a header, so it may contain only visible ASCII characters. */
function checkToken(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CodedError(
    "USAGE",
    `${from}: a token must consist of one or more visible ASCII characters, without spaces`,
  );
}
