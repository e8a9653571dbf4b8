import { CodedError } from "@eval/protocol";
import { type BinContext, type Command, createProgram, readPackageVersion } from "@eval/protocol/cli";
import { addAgentTestCommand } from "./commands/agent-test/command.js";
import { addAnalyzeCommand } from "./commands/analysis/command.js";
import { addRun } from "./commands/assigner.js";
import type { CommandContext } from "./commands/command-context.js";
import { addRunnerCommand } from "./commands/runner.js";

/**
 * `npx @eval/assigner`: runs one evaluation, or the given command. Returns the exit code. Each command imports its
 * dependencies when it is called, so that it does not slow down the start of the others.
 */
export async function main(context: BinContext): Promise<number> {
  let exit = 0;
  const exitWith = (code: number) => {
    exit = code;
  };
  const program = makeProgram({ ...context, exitWith });
  await program.parseAsync(context.argv, { from: "user" });
  return exit;
}

function makeProgram(context: CommandContext): Command {
  const version = readPackageVersion(import.meta.url);
  const description =
    "Plans agents x tasks x samples, runs the conversations and records the results.\n" +
    "Without a command, it runs the evaluation that --config describes.";
  const program = createProgram({ name: "npx @eval/assigner", description, version }, context);
  // A command may have flags of the same names as the run's: after its name, they belong to the command.
  program.enablePositionalOptions();
  program.usage("[options]\n       npx @eval/assigner <command> [options]");
  addRun(program, context);
  addAnalyzeCommand(program, context);
  addAgentTestCommand(program, context);
  addRunnerCommand(program, context);
  // Called after the commands are added, which would inherit it: an unknown command name gets its own message.
  program.allowExcessArguments();
  program.hook("preSubcommand", refuseMisplacedFlags);
  program.hook("preAction", (_, command) => refuseUnknownCommand(program, command));
  program.addHelpText("after", "\nnpx @eval/assigner <command> --help shows the options of a command.");
  return program;
}

/** A flag before a command's name would be parsed as the run's flag and ignored. */
function refuseMisplacedFlags(program: Command, command: Command): void {
  const given = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === "cli");
  if (given === undefined) return;
  throw new CodedError("USAGE", `${given.long}: options of ${command.name()} must follow the command name`);
}

function refuseUnknownCommand(program: Command, called: Command): void {
  const [name] = called.args;
  if (called !== program || name === undefined) return;
  const known = program.commands.map((command) => command.name()).join(", ") || "none";
  throw new CodedError("USAGE", `unknown command ${name}; commands: ${known}`);
}
