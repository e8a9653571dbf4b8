import type { BinContext } from "@eval/protocol/cli";

/** What a command of the program is given: a bin's context, and a way to say how it ended. */
export interface CommandContext extends BinContext {
  /** The exit code of a command that ends without an error. Default 0. */
  exitWith(code: number): void;
}
