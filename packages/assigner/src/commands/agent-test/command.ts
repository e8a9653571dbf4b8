import { addLogOptions, type Command, positiveNumber } from "@eval/protocol/cli";
import type { CommandContext } from "../command-context.js";
import type { AgentTestFlags } from "./flags.js";

/** Adds `agent-test`: a chat for trying an agent. */
export function addAgentTestCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("agent-test")
    .description("talk to an agent; on a failure, show the request and the response")
    .option(
      "-c, --config <file>",
      "a mapping from names to {module, parameters}, or an assignment file",
      "configs/assignments/definition.yaml",
    )
    .option("-a, --agent <name>", "which agent to use (optional if the file defines only one)")
    .option(
      "-m, --message <text>",
      "send this message, print the answer and exit (default: a chat with one message per line)",
    )
    .option("--timeout <seconds>", "time limit for one answer (default: the agent's own limit)", positiveNumber);
  addLogOptions(command).action(async (flags: AgentTestFlags) => {
    const { agentTest } = await import("./agent-test.js");
    context.exitWith(await agentTest(flags, context));
  });
}
