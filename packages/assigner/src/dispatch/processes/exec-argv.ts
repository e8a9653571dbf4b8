/** What is about the program of one process, with a value of its own or behind `=`. */
const ownProgram = /^(-e|--eval|-p|--print|-pe|--input-type|-i|--interactive)(=|$)/;

/** One debugger's port serves one process. */
const ownDebugger = /^--inspect/;

/**
 * Node's own arguments as a forked process may have them: without the debugger's, and without `-e CODE` and the like,
 * which the fork would run instead of its module, and fork again. Pure.
 */
export function forkedExecArgv(execArgv: readonly string[]): string[] {
  const isOwn = (argument: string | undefined = "") => ownProgram.test(argument) || ownDebugger.test(argument);
  return execArgv.filter((argument, at) => {
    const before = execArgv[at - 1];
    const isValue = isOwn(before) && !before?.includes("=") && !argument.startsWith("-");
    return !isOwn(argument) && !isValue;
  });
}
