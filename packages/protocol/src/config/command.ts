import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { loadConfig } from "./load.js";
import { maskSecrets } from "./secrets.js";
import { type ConfigFormat, configFormats, stringifyConfig } from "./stringify.js";

export interface ConfigCommandContext {
  cwd: string;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
}

interface Flags {
  output: ConfigFormat;
  check?: boolean;
  showSecrets?: boolean;
}

/** Adds `config FILE`: prints a configuration as the programs see it, or only checks it. */
export function addConfigCommand(program: Command, context: ConfigCommandContext): Command {
  return program
    .command("config")
    .description("print a configuration file with imports, defaults and overwrites applied")
    .argument("<file>", "a .yaml, .yml or .json file")
    .addOption(new Option("-o, --output <format>", "format of the output").choices(configFormats).default("yaml"))
    .option("--check", "only report whether the file can be loaded")
    .option("--show-secrets", "do not mask secrets written literally in the file")
    .action(async (file: string, flags: Flags) => {
      const config = await loadConfig(file, { cwd: resolve(context.cwd) });
      for (const warning of config.warnings) context.stderr.write(`warning: ${warning}\n`);
      if (flags.check === true) {
        context.stdout.write(`${config.source}: ok\n`);
        return;
      }
      const { value, masked } = maskSecrets(config.value);
      const hidden = flags.showSecrets !== true && masked.length > 0;
      context.stdout.write(stringifyConfig(hidden ? value : config.value, flags.output));
      if (hidden) context.stderr.write(secretsWarning(config.source, masked));
    });
}

function secretsWarning(source: string, masked: readonly string[]): string {
  return `warning: ${source} contains secrets, shown as ***: ${masked.join(", ")}; use \${env:NAME} references instead\n`;
}
