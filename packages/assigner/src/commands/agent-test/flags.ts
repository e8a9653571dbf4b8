import type { LogOptions } from "@eval/protocol/cli";

/** The command-line flags of `agent-test`. */
export interface AgentTestFlags extends LogOptions {
  config: string;
  agent?: string;
  message?: string;
  /** Seconds. */
  timeout?: number;
}
