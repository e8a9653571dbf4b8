import { CodedError } from "@eval/protocol";
import { loadExport, requireMethods } from "@eval/protocol/module-loader";
import type { CenterOptions } from "./center-options.js";
import type { DispatchCenter } from "./dispatch-center.js";

type CenterClass = new (options: CenterOptions) => DispatchCenter;

/** The bundled centres; each is imported when it is chosen. */
const centers: Record<string, () => Promise<CenterClass>> = {
  flow: async () => (await import("./flow/flow-center.js")).FlowCenter,
};

/** Names of the bundled centres. */
const runnerTypes: readonly string[] = Object.keys(centers);

/** Makes the centre that `runner` names: a bundled type, or the reference of a module that exports a class. */
export async function loadCenter(runner: string, options: CenterOptions): Promise<DispatchCenter> {
  const bundled = Object.hasOwn(centers, runner) ? centers[runner] : undefined;
  if (bundled) return new (await bundled())(options);
  if (!/[#./]/.test(runner)) {
    const known = runnerTypes.join(", ");
    throw new CodedError(
      "USAGE",
      `There is no runner ${runner}: choose ${known}, or a module such as ./my-center.mjs#MyCenter`,
    );
  }
  const { configDir, cwd } = options;
  const exported = await loadExport(runner, { configDir, cwd, from: import.meta.dirname });
  return requireMethods<DispatchCenter>(construct(exported, options), ["launch", "start", "stop"], `runner ${runner}`);
}

function construct(exported: unknown, options: CenterOptions): DispatchCenter {
  try {
    return new (exported as CenterClass)(options);
  } catch (cause) {
    throw new CodedError("MODULE_INVALID", "a runner's module must export a class that extends DispatchCenter", {
      cause,
    });
  }
}
