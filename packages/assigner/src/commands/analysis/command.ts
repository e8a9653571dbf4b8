import { addLogOptions, type Command, type LogOptions } from "@eval/protocol/cli";
import type { CommandContext } from "../command-context.js";

interface Flags extends LogOptions {
  config: string;
  output: string;
  save: string;
  time: string;
}

/** Adds `analyze`: compares agents across tasks by the results of earlier runs. */
export function addAnalyzeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("analyze")
    .description("compare agents across tasks by the newest overall.json of each pair, and save the comparison")
    .option(
      "-c, --config <file>",
      "the file whose definition names the agents and tasks",
      "configs/assignments/definition.yaml",
    )
    .option("-o, --output <folder>", "folder to search for {agent}/{task}/overall.json, at any depth", "output")
    .option("-s, --save <folder>", "folder to write the comparison to", "analysis")
    .option(
      "-t, --time <since>",
      "only use results since this time: seconds since 1970, a local 2024-01, 2024-01-31 or '2024-01-31 23:59:59', or an age (2d, 12h, 30m, 90s)",
      "0",
    );
  addLogOptions(command).action((flags: Flags) => run(flags, context));
}

async function run({ time, logLevel, logFormat, ...flags }: Flags, { cwd, stdout, stderr }: CommandContext) {
  const [{ analyze }, { renderComparison }, { parseSince }, { createLogger }] = await Promise.all([
    import("./analyze.js"),
    import("./table.js"),
    import("./since.js"),
    import("@eval/protocol/logger"),
  ]);
  const logger = createLogger({ level: logLevel, format: logFormat, stream: stderr });
  const { comparison, files } = await analyze({ ...flags, cwd, logger, sinceMs: parseSince(time, Date.now()) });
  stdout.write(`${renderComparison(comparison)}\n${files.map((file) => `Written: ${file}\n`).join("")}`);
}
