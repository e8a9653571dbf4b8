import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./running-process.js";
import { workspaceDir } from "./workspace.js";

/** Publishes all packages as they are built, with the workspace's own package manager. Changes nothing in the tree. */
export async function publishWorkspace(registry: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const userConfig = join(folder, "npmrc");
  // Some token must be there; the registry does not look at it.
  const token = `${registry.replace(/^http:/, "")}:_authToken=anyone`;
  writeFileSync(userConfig, `registry=${registry}\n${token}\n`);
  const { packageManager } = JSON.parse(readFileSync(join(workspaceDir, "package.json"), "utf8"));
  const publish = ["-r", "--filter", "./packages/*", "publish", "--no-git-checks", "--registry", registry];
  await run("npx", ["-y", packageManager, ...publish], {
    cwd: workspaceDir,
    // For pnpm alone: npx fetches pnpm itself from where npm always does.
    env: { ...process.env, PNPM_CONFIG_USERCONFIG: userConfig },
  });
}
