import { type Command, Option } from "commander";
import { type LogFormat, type LogLevel, logFormats, logLevels } from "../logger.js";

/** The options that {@link addLogOptions} adds to a command. */
export interface LogOptions {
  logLevel: LogLevel;
  /** Absent: readable on a terminal, else JSON. */
  logFormat?: LogFormat;
}

export function addLogOptions(command: Command): Command {
  return command
    .addOption(new Option("--log-level <level>", "lowest level to log").choices(logLevels).default("info"))
    .addOption(
      new Option(
        "--log-format <format>",
        "format of the log on stderr (default: pretty on a terminal, else json)",
      ).choices(logFormats),
    );
}
