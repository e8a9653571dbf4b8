// Installs the dependencies of a fresh checkout (needs only Node and npm), then runs a tool of the workspace.
// Usage: node scripts/run.mjs COMMAND [ARGUMENT ...], for example: node scripts/run.mjs turbo run test
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packageManager, engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${engines.node} is required, but this is ${process.version}. Install a newer version of Node.`);
  process.exit(2);
}
const command = process.argv.slice(2);
if (command.length === 0) {
  console.error("usage: node scripts/run.mjs COMMAND [ARGUMENT ...]");
  process.exit(2);
}

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };

function pnpm(...args) {
  const options = { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" };
  const { status, error } = spawnSync("npx", ["-y", packageManager, ...args], options);
  if (error) console.error(`Could not run npx: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${root}/node_modules`))
  console.error("Installing dependencies (only once; takes about half a minute) ...");
pnpm("install", "--silent", "--frozen-lockfile");
pnpm("exec", ...command);
