import { CodedError } from "@eval/protocol";
import { type BinContext, type Command, createProgram, readPackageVersion } from "@eval/protocol/cli";
import { addAgentTestCommand } from "./commands/agent-test/command.js";
import { addAnalyzeCommand } from "./commands/analysis/command.js";
import { addRun } from "./commands/assigner.js";
import type { CommandContext } from "./commands/command-context.js";
import { addRunnerCommand } from "./commands/runner.js";

/**
 * `npx @eval/assigner`: runs one evaluation, or the command that is named. Returns the exit code. What a command needs is
 * imported when it is called: none makes the start of another slower.
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
    "Plans agents x tasks x samples, runs the conversations and writes the results down.\n" +
    "Without a command it runs the evaluation that --config describes.";
  const program = createProgram({ name: "npx @eval/assigner", description, version }, context);
  // A command's flags may have the names of the run's: they belong to it when they stand behind its name.
  program.enablePositionalOptions();
  program.usage("[options]\n       npx @eval/assigner <command> [options]");
  addRun(program, context);
  addAnalyzeCommand(program, context);
  addAgentTestCommand(program, context);
  addRunnerCommand(program, context);
  // After the commands, which would take it over: an unknown command's name gets a message of its own.
  program.allowExcessArguments();
  program.hook("preSubcommand", refuseMisplacedFlags);
  program.hook("preAction", (_, command) => refuseUnknownCommand(program, command));
  program.addHelpText("after", "\nnpx @eval/assigner <command> --help shows the options of a command.");
  return program;
}

/** What stands before a command's name would be read as the run's, and be ignored. */
function refuseMisplacedFlags(program: Command, command: Command): void {
  const given = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === "cli");
  if (given === undefined) return;
  throw new CodedError("USAGE", `${given.long}: the options of ${command.name()} stand behind its name`);
}

function refuseUnknownCommand(program: Command, called: Command): void {
  const [name] = called.args;
  if (called !== program || name === undefined) return;
  const known = program.commands.map((command) => command.name()).join(", ") || "none";
  throw new CodedError("USAGE", `there is no command ${name}; commands: ${known}`);
}
