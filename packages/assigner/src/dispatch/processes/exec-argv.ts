/** Arguments about the program of one process, with the value as a separate argument or after `=`. */
const ownProgram = /^(-e|--eval|-p|--print|-pe|--input-type|-i|--interactive)(=|$)/;

/** A debugger port serves only one process. */
const ownDebugger = /^--inspect/;

/**
 * Node's own arguments for a forked process: without those of the debugger, and without `-e CODE` and similar ones, which
 * the fork would run instead of its module, and fork again. Pure.
 */
export function forkedExecArgv(execArgv: readonly string[]): string[] {
  const isOwn = (argument: string | undefined = "") => ownProgram.test(argument) || ownDebugger.test(argument);
  return execArgv.filter((argument, at) => {
    const before = execArgv[at - 1];
    const isValue = isOwn(before) && !before?.includes("=") && !argument.startsWith("-");
    return !isOwn(argument) && !isValue;
  });
}
