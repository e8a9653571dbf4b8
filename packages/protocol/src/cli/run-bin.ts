import type { Readable } from "node:stream";
import { Command, CommanderError } from "commander";
import { errorTable, isCodedError, messageOf } from "../error.js";
import { type ExitSource, watchForEarlyExit } from "./early-exit.js";
import { type ChildProcess, followNpx } from "./npx-parent.js";
import type { SignalSource } from "./shutdown.js";

/** The parts of the process that a bin's main gets, so that the code below it needs no globals. */
export interface BinContext {
  /** The arguments, without node and the script. */
  argv: string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  /** Opens the standard input: a program that does not read it does not touch it. */
  stdin: () => Readable & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** For onShutdown. */
  process: SignalSource;
  /** Sends a message to the parent process; undefined if there is no channel to one. */
  send?: ((message: Record<string, unknown>) => unknown) | undefined;
}

/** The part of `process` that {@link runBin} uses. */
export type BinProcess = SignalSource &
  ExitSource &
  ChildProcess & {
    argv: string[];
    env: Readonly<Record<string, string | undefined>>;
    cwd(): string;
    stdin: ReturnType<BinContext["stdin"]>;
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
 * usage, 1 for anything else. A stack is shown with `--log-level debug` or EVAL_DEBUG=1. A process that ends before
 * `main` has resolved, though no signal asked for it, ends with the exit code of ENDED_EARLY.
 */
export async function runBin(
  main: (context: BinContext) => Promise<number | undefined> | Promise<void>,
  options: RunBinOptions = {},
): Promise<void> {
  const host = options.process ?? process;
  const stopWatching = watchForEarlyExit(host);
  const exit = (code: number): void => {
    stopWatching();
    host.exit(code);
  };
  outliveReaders(host, exit);
  const { env, stdout, stderr } = host;
  const argv = host.argv.slice(2);
  const leaveNpx = followNpx(host);
  try {
    const stdin = () => host.stdin;
    const send = host.send?.bind(host);
    const signals = signalsOf(host, exit);
    const code = await main({ argv, env, cwd: host.cwd(), stdin, stdout, stderr, process: signals, send });
    host.exitCode = code ?? 0;
  } catch (error) {
    const failure = describeFailure(error, wantsStacks(argv, env));
    if (failure.text !== "") stderr.write(`${failure.text}\n`);
    host.exitCode = failure.exit;
  }
  stopWatching();
  leaveNpx();
  // Unreferenced: it fires only if a resource that should have been closed is still open.
  setTimeout(() => host.exit(Number(host.exitCode)), options.lingerMs ?? 2000).unref();
}

/** The signals of a process, and an end that is meant. */
function signalsOf(host: BinProcess, exit: (code: number) => void): SignalSource {
  return {
    on: (signal, listener) => host.on(signal, listener),
    off: (signal, listener) => host.off(signal, listener),
    exit,
  };
}

/**
 * If a reader of the output ends (`| head`), the program must continue its work: further output is dropped, and the exit
 * code is the program's own.
 */
function outliveReaders(host: BinProcess, exit: (code: number) => void): void {
  host.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A result that cannot be written, for example because the disk is full, is a failure.
    if (error.code !== "EPIPE") exit(1);
  });
  // stderr gets only messages, and a lost message cannot be reported anywhere else.
  host.stderr.on("error", () => {});
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
    // commander has printed its message, or the requested help.
    return { text: "", exit: error.exitCode === 0 ? 0 : errorTable.USAGE.exit };
  }
  const stack = withStack && error instanceof Error && error.stack !== undefined ? `\n${stacksOf(error)}` : "";
  if (isCodedError(error)) {
    // Behind the first line: further lines may be an example, which a code at their end would become part of.
    const [first, ...rest] = messageOf(error).split("\n");
    const text = [`error: ${first} (${error.code})`, ...rest].join("\n");
    return { text: text + stack, exit: errorTable[error.code].exit };
  }
  const more = withStack
    ? ""
    : "\nThis error is unexpected. To see its stack trace, use --log-level debug or EVAL_DEBUG=1.";
  return { text: `error: ${messageOf(error)}${more}${stack}`, exit: 1 };
}

/** Another copy of commander may have thrown it. */
function isCommanderError(error: unknown): error is CommanderError {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && code.startsWith("commander.");
}

/** Each error once: causes may go round in a circle. */
function stacksOf(error: Error): string {
  const chain = new Set<Error>();
  for (let one: unknown = error; one instanceof Error && !chain.has(one); one = one.cause) chain.add(one);
  return [...chain].map(({ stack }) => stack ?? "").join("\ncaused by ");
}

function wantsStacks(argv: readonly string[], env: BinContext["env"]): boolean {
  const flag = argv.indexOf("--log-level");
  return env.EVAL_DEBUG === "1" || argv.includes("--log-level=debug") || (flag >= 0 && argv[flag + 1] === "debug");
}
