import { onShutdown } from "@eval/protocol/cli";
import type { CommandContext } from "../command-context.js";
import { chat } from "./chat.js";
import { Conversation } from "./conversation.js";
import { describeAgentFailure } from "./failure-report.js";
import type { AgentTestFlags } from "./flags.js";
import { loadAgent } from "./load-agent.js";
import { type SpeakEnd, speak } from "./speak.js";

const exitCodes: Record<SpeakEnd, number> = { answered: 0, failed: 1, interrupted: 130 };

/** Talks to an agent: one message with `--message`, else a chat. Returns the exit code. */
export async function agentTest(flags: AgentTestFlags, context: CommandContext): Promise<number> {
  const { cwd, env, stdout, stderr } = context;
  const interrupt = new AbortController();
  const off = onShutdown(() => interrupt.abort(), { process: context.process });
  try {
    const { agent, redact } = await loadAgent({ config: flags.config, agent: flags.agent, cwd, env });
    const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1000;
    const conversation = new Conversation(agent, timeoutMs);
    const withStack = flags.logLevel === "debug" || env.EVAL_DEBUG === "1";
    const describeFailure = (error: unknown) => redact(describeAgentFailure(error, withStack));
    const shared = { conversation, describeFailure, redact, interrupt, output: stdout, notes: stderr };
    const { message } = flags;
    const end =
      message === undefined ? await chat({ ...shared, input: context.stdin() }) : await speak(message, shared);
    return exitCodes[end];
  } finally {
    off();
  }
}
