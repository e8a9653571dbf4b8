import type { TestProject } from "vitest/node";
import { startController } from "./processes.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of a controller with its default settings, but a bound of 1 MiB for bodies. */
    controller: string;
  }
}

/** One controller for all files: each test registers workers for tasks of its own. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const controller = await startController(["--max-body-mb", "1"]);
  provide("controller", controller.address);
  return () => controller.kill();
}
