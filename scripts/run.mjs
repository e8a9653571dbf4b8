// Brings a bare checkout (Node and npm only) to the point where a turbo task can run, and runs it.
// Usage: node scripts/run.mjs <turbo task> [turbo arguments]
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packageManager, engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${engines.node} is needed; this is ${process.version}.`);
  process.exit(2);
}
if (process.argv.length < 3) {
  console.error("usage: node scripts/run.mjs <turbo task> [turbo arguments]");
  process.exit(2);
}

const npx = process.platform === "win32" ? "npx.cmd" : "npx";
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };

function pnpm(...args) {
  const { status, error } = spawnSync(npx, ["-y", packageManager, ...args], {
    cwd: root,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error) console.error(`Could not run ${npx}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const lockfile = existsSync(`${root}/pnpm-lock.yaml`) ? ["--frozen-lockfile"] : [];
pnpm("install", "--silent", ...lockfile);
pnpm("exec", "turbo", "run", ...process.argv.slice(2), "--output-logs=new-only", "--log-order=grouped");
