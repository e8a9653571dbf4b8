import { Command, CommanderError } from "commander";
import { errorTable, isCodedError, messageOf } from "../error.js";
import { type ChildProcess, followNpx } from "./npx-parent.js";
import type { SignalSource } from "./shutdown.js";

/** What a bin's main is given of its process, so that nothing below it reaches for globals. */
export interface BinContext {
  /** The arguments, without node and the script. */
  argv: string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** For onShutdown. */
  process: SignalSource;
  /** Sends a message to the parent process; undefined where there is no channel to one. */
  send?: ((message: Record<string, unknown>) => unknown) | undefined;
}

/** The part of `process` that {@link runBin} uses. */
export type BinProcess = SignalSource &
  ChildProcess & {
    argv: string[];
    env: Readonly<Record<string, string | undefined>>;
    cwd(): string;
    stdout: BinContext["stdout"];
    stderr: BinContext["stderr"];
    exitCode?: number | string | null | undefined;
    send?: ((message: Record<string, unknown>) => unknown) | undefined;
  };

export interface RunBinOptions {
  /** Default: the process itself. */
  process?: BinProcess;
  /** How long open handles may keep the process alive once main is over, in milliseconds. Default 2000. */
  lingerMs?: number;
}

/**
 * Runs a bin. `main` resolves when the program is over (a server's: when it is closed), with the exit code (default
 * 0). What it throws becomes a message on stderr and an exit code: a CodedError's by the error table, 2 for wrong
 * usage, 1 for anything else. A stack is shown with `--log-level debug` or EVAL_DEBUG=1.
 */
export async function runBin(
  main: (context: BinContext) => Promise<number | undefined> | Promise<void>,
  options: RunBinOptions = {},
): Promise<void> {
  const host = options.process ?? process;
  // A reader that went away (`| head`) is no reason for a stack trace. 141 = 128 + SIGPIPE.
  host.stdout.on("error", (error: NodeJS.ErrnoException) => {
    host.exit(error.code === "EPIPE" ? 141 : 1);
  });
  const { env, stdout, stderr } = host;
  const argv = host.argv.slice(2);
  const leaveNpx = followNpx(host);
  try {
    const code = await main({ argv, env, cwd: host.cwd(), stdout, stderr, process: host, send: host.send?.bind(host) });
    host.exitCode = code ?? 0;
  } catch (error) {
    const failure = describeFailure(error, wantsStacks(argv, env));
    if (failure.text !== "") stderr.write(`${failure.text}\n`);
    host.exitCode = failure.exit;
  }
  leaveNpx();
  // Unreferenced: it only fires where something that should have been stopped is still open.
  setTimeout(() => host.exit(Number(host.exitCode)), options.lingerMs ?? 2000).unref();
}

export interface ProgramAbout {
  name: string;
  description: string;
  version: string;
}

/** A commander program that throws instead of ending the process, for use inside {@link runBin}. */
export function createProgram(about: ProgramAbout, output: Pick<BinContext, "stdout" | "stderr">): Command {
  return new Command(about.name)
    .description(about.description)
    .version(about.version)
    .configureOutput({
      writeOut: (text) => output.stdout.write(text),
      writeErr: (text) => output.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError(`(${about.name} --help shows the usage)`);
}

/** The message and the exit code for something that was thrown. */
export function describeFailure(error: unknown, withStack: boolean): { text: string; exit: number } {
  if (error instanceof CommanderError || isCommanderError(error)) {
    // commander has written its message, or the help that was asked for.
    return { text: "", exit: error.exitCode === 0 ? 0 : errorTable.USAGE.exit };
  }
  const stack = withStack && error instanceof Error && error.stack !== undefined ? `\n${stacksOf(error)}` : "";
  if (isCodedError(error)) {
    return { text: `error: ${messageOf(error)} (${error.code})${stack}`, exit: errorTable[error.code].exit };
  }
  const more = withStack
    ? ""
    : "\nThis is not an expected error; --log-level debug or EVAL_DEBUG=1 shows where it arose.";
  return { text: `error: ${messageOf(error)}${more}${stack}`, exit: 1 };
}

/** Another copy of commander may have thrown it. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith("commander.");
}

function stacksOf(error: Error): string {
  const own = error.stack ?? "";
  return error.cause instanceof Error ? `${own}\ncaused by ${stacksOf(error.cause)}` : own;
}

function wantsStacks(argv: readonly string[], env: BinContext["env"]): boolean {
  const flag = argv.indexOf("--log-level");
  return env.EVAL_DEBUG === "1" || argv.includes("--log-level=debug") || (flag >= 0 && argv[flag + 1] === "debug");
}
