/**
 * A variable that all descendants of a process inherit, in whatever session or group they are. Its value are marks with
 * spaces between: a start-task that runs below another adds its own.
 */
export const markVariable = "EVAL_START_TASK_MARK";

/** The environment with one more mark. */
export function withMark(env: Record<string, string>, mark: string): Record<string, string> {
  const outer = env[markVariable];
  return { ...env, [markVariable]: outer === undefined ? mark : `${outer} ${mark}` };
}

/** Whether an environment, as /proc has it, has this mark, or one that is part of it: `<mark>.<part>`. */
export function hasMark(environ: string, mark: string): boolean {
  const setting = environ.split("\0").find((entry) => entry.startsWith(`${markVariable}=`));
  const marks = setting?.slice(markVariable.length + 1).split(" ") ?? [];
  return marks.some((one) => one === mark || one.startsWith(`${mark}.`));
}
