import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { publishWorkspace } from "./publish-workspace.js";
import { startRegistry } from "./registry.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of a registry that has all packages of the workspace. */
    registry: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "eval-registry-"));
  const registry = await startRegistry(folder);
  const teardown = async () => {
    await registry.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await publishWorkspace(registry.url, join(folder, "publisher"));
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("registry", registry.url);
  return teardown;
}
