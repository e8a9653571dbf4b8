import type { LogOptions } from "@eval/protocol/cli";

/** What the command line of `agent-test` says. */
export interface AgentTestFlags extends LogOptions {
  config: string;
  agent?: string;
  message?: string;
  /** Seconds. */
  timeout?: number;
}
