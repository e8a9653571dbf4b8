export type { Command } from "commander";
export { isLoopbackHost } from "../loopback.js";
export { addLogOptions, type LogOptions } from "./log-options.js";
export { nonNegativeInteger, portOption, positiveInteger, positiveNumber, secondsOption } from "./options.js";
export { readPackageVersion } from "./package-version.js";
export {
  type BinContext,
  type BinProcess,
  createProgram,
  describeFailure,
  type ProgramAbout,
  type RunBinOptions,
  runBin,
} from "./run-bin.js";
export {
  addServerOptions,
  repeatable,
  resolveToken,
  type ServerOptions,
  type TokenQuestion,
} from "./server-options.js";
export { exitCodeOf, onShutdown, type ShutdownOptions, type ShutdownSignal, type SignalSource } from "./shutdown.js";
