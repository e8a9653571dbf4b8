import { addLogOptions, type Command, positiveNumber } from "@eval/protocol/cli";
import type { CommandContext } from "../command-context.js";
import type { AgentTestFlags } from "./flags.js";

/** Adds `agent-test`: a chat to try an agent. */
export function addAgentTestCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("agent-test")
    .description("talk to an agent, and see the request and the answer when that fails")
    .option(
      "-c, --config <file>",
      "a mapping from names to {module, parameters}, or an assignment file",
      "configs/assignments/definition.yaml",
    )
    .option("-a, --agent <name>", "which of its agents (may be left out where it has one)")
    .option("-m, --message <text>", "say this, print the answer and end (default: a chat, a line a message)")
    .option("--timeout <seconds>", "how long an answer may take (default: the agent's own limit)", positiveNumber);
  addLogOptions(command).action(async (flags: AgentTestFlags) => {
    const { agentTest } = await import("./agent-test.js");
    context.exitWith(await agentTest(flags, context));
  });
}
