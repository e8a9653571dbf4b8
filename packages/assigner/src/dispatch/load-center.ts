import { CodedError, isCodedError } from "@eval/protocol";
import { loadExport, requireMethods } from "@eval/protocol/module-loader";
import { isRunnerType, type RunnerType, runnerTypes } from "../attempt/runner-type.js";
import type { CenterOptions } from "./center-options.js";
import type { DispatchCenter } from "./dispatch-center.js";

type CenterClass = new (options: CenterOptions) => DispatchCenter;

/** The bundled centers; each is imported when it is used. */
const centers = {
  flow: async () => (await import("./flow/flow-center.js")).FlowCenter,
  data_parallel: async () => (await import("./data-parallel/data-parallel-center.js")).DataParallelCenter,
  local: async () => (await import("./local/local-center.js")).LocalCenter,
  distributed: async () => (await import("./distributed/distributed-center.js")).DistributedCenter,
  dummy: async () => (await import("./dummy/dummy-center.js")).DummyCenter,
} as const satisfies Record<RunnerType, () => Promise<CenterClass>>;

/** Creates the center for `runner`: a bundled type, or a reference to a module that exports a class. */
export async function loadCenter(runner: string, options: CenterOptions): Promise<DispatchCenter> {
  if (isRunnerType(runner)) return new (await centers[runner]())(options);
  if (!/[#./]/.test(runner)) {
    const known = runnerTypes.join(", ");
    throw new CodedError(
      "USAGE",
      `Unknown runner ${runner}: choose ${known}, or a module such as ./my-center.mjs#MyCenter`,
    );
  }
  const { configDir, cwd } = options;
  const exported = await loadExport(runner, { configDir, cwd, from: import.meta.dirname });
  const methods = ["launch", "start", "stop", "close"] as const;
  return requireMethods<DispatchCenter>(construct(exported, options), methods, `runner ${runner}`);
}

function construct(exported: unknown, options: CenterOptions): DispatchCenter {
  try {
    return new (exported as CenterClass)(options);
  } catch (cause) {
    if (isCodedError(cause)) throw cause;
    throw new CodedError("MODULE_INVALID", "a runner's module must export a class that extends DispatchCenter", {
      cause,
    });
  }
}
