import { createProgram, readPackageVersion, runBin } from "./cli/index.js";
import { addConfigCommand } from "./config/command.js";

await runBin(async (context) => {
  const program = createProgram(
    {
      name: "npx @eval/protocol",
      description: "Tools around the files and the protocol that the packages of @eval share",
      version: readPackageVersion(import.meta.url),
    },
    context,
  );
  addConfigCommand(program, context);
  await program.parseAsync(context.argv, { from: "user" });
});
