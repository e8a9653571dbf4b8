import type { BinContext } from "@eval/protocol/cli";

/** The context of a command: a bin's context, and a way to set the exit code. */
export interface CommandContext extends BinContext {
  /** Sets the exit code of a command that ends without an error. Default 0. */
  exitWith(code: number): void;
}
