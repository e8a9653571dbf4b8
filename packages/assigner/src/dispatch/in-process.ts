import { CodedError, randomId } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { CenterChannel, Runner, RunnerClass, RunnerDescriptor } from "./runner.js";

export interface InProcessOptions {
  param: unknown;
  onRequest: (runner: string, message: unknown) => Promise<unknown>;
  logger: Logger;
  signal: AbortSignal;
}

/**
 * Creates a center's runners in this process, through the same calls as in any other process: the parameter is cloned
 * as at a process boundary, and nothing else is passed.
 */
export async function makeRunners(
  descriptors: readonly RunnerDescriptor[],
  options: InProcessOptions,
): Promise<Runner<unknown>[]> {
  const runners: Runner<unknown>[] = [];
  try {
    await makeInto(runners, descriptors, options);
    return runners;
  } catch (error) {
    // The runners that were created are known only here.
    await Promise.allSettled(runners.map((runner) => runner.close()));
    throw error;
  }
}

async function makeInto(
  runners: Runner<unknown>[],
  descriptors: readonly RunnerDescriptor[],
  { param, onRequest, logger, signal }: InProcessOptions,
): Promise<void> {
  for (const { module, export: name, count } of descriptors) {
    const RunnerOf = ((await import(module)) as Record<string, RunnerClass | undefined>)[name];
    if (typeof RunnerOf !== "function" || typeof RunnerOf.center?.restoreSharedParam !== "function") {
      throw new CodedError("MODULE_INVALID", `${module} exports no runner ${name} with a static center`);
    }
    for (let made = 0; made < count; made++) {
      const id = randomId();
      const services = { id, logger, signal };
      const shared = await RunnerOf.center.restoreSharedParam(structuredClone(param) as never, services);
      const channel: CenterChannel = (message) => onRequest(id, message);
      runners.push(new RunnerOf(shared, channel, services));
    }
  }
}
