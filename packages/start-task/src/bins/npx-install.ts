import type { spawn as nodeSpawn } from "node:child_process";
import { once } from "node:events";
import { CodedError } from "@eval/protocol";
import type { Environment } from "@eval/protocol/config";
import type { Logger } from "@eval/protocol/logger";
import type { Role } from "./find-bin.js";
import { type NpxStep, npxArguments, npxProgram } from "./npx-command.js";

export interface NpxInstallOptions extends NpxStep {
  spawn: typeof nodeSpawn;
  env: Environment;
  cwd: string;
  logger: Logger;
  /** Milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Installs missing packages once and returns the paths of the bins. Throws START_FAILED with the output of npx. */
export async function installWithNpx(options: NpxInstallOptions): Promise<Map<Role, string>> {
  const { roles, packages, version, logger } = options;
  const names = [...new Set([...roles.map((role) => `@eval/${role}`), ...packages])];
  const what = names.join(", ");
  logger.info(`Installing ${what} with npx (not found from this folder or on the PATH)`, { version });
  const { output, errors, failure } = await runNpx(options);
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
  const paths = lines.slice(-roles.length);
  if (failure === undefined && paths.length === roles.length) {
    return new Map(roles.map((role, at) => [role, paths[at] as string]));
  }
  const said = errors.trim().split(/\r?\n/).slice(-15).join("\n");
  throw new CodedError(
    "START_FAILED",
    `npx could not install ${what} (${failure ?? "it printed no path"}): check the network connection, or install it yourself: npm install ${names.join(" ")}${said === "" ? "" : `\n${said}`}`,
  );
}

interface NpxResult {
  output: string;
  errors: string;
  failure: string | undefined;
}

async function runNpx(options: NpxInstallOptions): Promise<NpxResult> {
  const { spawn, cwd, env, timeoutMs, signal } = options;
  const { file, before } = npxProgram(process.platform, process.execPath);
  const child = spawn(file, [...before, ...npxArguments(options)], {
    cwd,
    env: withoutOuterNpx(env),
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const result: NpxResult = { output: "", errors: "", failure: undefined };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    result.output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    result.errors += text;
  });
  try {
    const [code, killed] = (await once(child, "close")) as [number | null, string | null];
    if (code !== 0) result.failure = killed === null ? `exit code ${code}` : `ended by ${killed}`;
  } catch (error) {
    signal.throwIfAborted();
    result.failure = describe(error as NodeJS.ErrnoException, timeoutMs);
  }
  return result;
}

function describe(error: NodeJS.ErrnoException, timeoutMs: number): string {
  if (error.code === "ENOENT") return "npx is not on the PATH";
  return error.name === "AbortError" ? `not finished after ${timeoutMs / 1000} s` : error.message;
}

/** If npx started start-task, its settings in the environment would also apply to the inner npx. */
function withoutOuterNpx(env: Environment): Record<string, string> {
  const outer = new Set(["npm_config_package", "npm_config_call"]);
  const kept = Object.entries(env).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined && !outer.has(entry[0].toLowerCase());
  });
  return Object.fromEntries(kept);
}
