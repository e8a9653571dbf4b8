import { createProgram, readPackageVersion, runBin } from "./cli/index.js";
import { addConfigCommand } from "./config/command.js";
import { addConformanceCommand } from "./conformance/command.js";

await runBin(async (context) => {
  const program = createProgram(
    {
      name: "npx @eval/protocol",
      description: "Tools for the configuration files and the wire protocol of the @eval packages",
      version: readPackageVersion(import.meta.url),
    },
    context,
  );
  let exitCode = 0;
  addConfigCommand(program, context);
  addConformanceCommand(program, {
    ...context,
    exitWith: (code) => {
      exitCode = code;
    },
  });
  await program.parseAsync(context.argv, { from: "user" });
  return exitCode;
});
