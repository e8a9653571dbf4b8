import type { Command } from "commander";
import { portOption, positiveNumber } from "../cli/options.js";
import { resolveToken } from "../cli/server-options.js";
import { exitCodeOf, onShutdown, type ShutdownSignal, type SignalSource } from "../cli/shutdown.js";
import type { CheckResult, ConformanceReport, TargetOptions } from "./index.js";

export interface ConformanceCommandContext {
  env: Readonly<Record<string, string | undefined>>;
  stdout: { write(text: string): unknown };
  process: SignalSource;
  /** Called with the exit code: 0, 1 if a check failed or a required check could not run, or that of an interruption. */
  exitWith: (code: number) => void;
}

interface Flags {
  url: string;
  token?: string;
  /** Seconds. */
  timeout: number;
  destructive?: boolean;
  json?: boolean;
}

interface ControllerFlags extends Flags {
  listen: string;
  port: number;
  advertise?: string;
}

interface WorkerFlags extends Flags {
  index?: string[];
  answer?: string;
}

type CommonOptions = TargetOptions & { destructive: boolean; onResult: (result: CheckResult) => void };

/** Adds `conformance controller` and `conformance worker`: v0.2's contract, run against an implementation. */
export function addConformanceCommand(program: Command, context: ConformanceCommandContext): Command {
  const parent = program.command("conformance").description("check an implementation of the v0.2 wire protocol");
  addController(parent, context);
  addWorker(parent, context);
  return parent;
}

function addController(parent: Command, context: ConformanceCommandContext): void {
  addCommonOptions(parent.command("controller").description("check a controller, using a fake worker"), 5000)
    .option("--listen <host>", "address that the fake worker listens on", "127.0.0.1")
    .option("--port <port>", "port of the fake worker; 0 lets the system choose a free port a free port", portOption, 0)
    .option(
      "--advertise <address>",
      "address at which the controller reaches the fake worker: a host, or http://host:port/api (default: --listen)",
    )
    .addHelpText(
      "after",
      "\nThe fake worker's tasks, conformance-<hex>, stay listed until the controller forgets them.",
    )
    .action((flags: ControllerFlags) =>
      carryOut(flags, context, async (common) => {
        const { checkController } = await import("./check-controller.js");
        return checkController({ ...common, listen: flags.listen, port: flags.port, advertise: flags.advertise });
      }),
    );
}

function addWorker(parent: Command, context: ConformanceCommandContext): void {
  addCommonOptions(parent.command("worker").description("check a worker; no controller is needed"), 5001)
    .option("--index <index...>", "samples that the checks may run (default: the worker's first)")
    .option("--answer <text>", "the agent's answer in every turn (default: I do not know.)")
    .action((flags: WorkerFlags) =>
      carryOut(flags, context, async (common) => {
        const { checkWorker } = await import("./check-worker.js");
        return checkWorker({ ...common, indices: flags.index, answer: flags.answer });
      }),
    );
}

function addCommonOptions(command: Command, port: number): Command {
  return command
    .requiredOption("--url <address>", `address to check, such as http://localhost:${port}/api`)
    .option("--token <token>", "sent as Authorization: Bearer (or set EVAL_TOKEN)")
    .option("--timeout <seconds>", "how long one request may take, in seconds", positiveNumber, 10)
    .option("--destructive", "also run checks that end all sessions or use every slot")
    .option("--json", "print one JSON document instead of lines");
}

async function carryOut(
  flags: Flags,
  { env, stdout, process, exitWith }: ConformanceCommandContext,
  check: (options: CommonOptions) => Promise<ConformanceReport>,
): Promise<void> {
  const { lineOf, summaryOf } = await import("./report.js");
  const { url, destructive = false, json = false } = flags;
  const interruption = new AbortController();
  let signal: ShutdownSignal | undefined;
  const stopListening = onShutdown(
    (received) => {
      signal = received;
      interruption.abort();
    },
    { process },
  );
  const token = resolveToken({ host: "localhost", token: flags.token, env });
  const onResult = (result: CheckResult) => {
    if (!json) stdout.write(lineOf(result));
  };
  const common = { url, token, destructive, onResult, timeoutMs: flags.timeout * 1000, signal: interruption.signal };
  const report = await check(common).finally(stopListening);
  if (signal !== undefined) return exitWith(exitCodeOf(signal));
  stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : summaryOf(report));
  exitWith(report.ok ? 0 : 1);
}
