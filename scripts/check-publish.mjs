// Packs every package as it would be published and checks the result: all rules of publint (treated as errors), and no
// built file without a source. Prints one line per package. The exit code is 1 if there is a problem. Build first.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "eval-pack-"));
try {
  const problems = await Promise.all(packAll(folder).map(check));
  if (problems.some((count) => count > 0)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Returns pnpm's description of each packed package: `{name, version, filename, files: [{path}]}`. */
function packAll(destination) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const pack = ["-r", "--filter", "./packages/*", "pack", "--pack-destination", destination, "--json"];
  const options = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 120_000 };
  const { status, stdout, error } = spawnSync("npx", ["-y", packageManager, ...pack], {
    ...options,
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`Could not pack the packages: ${error?.message ?? stdout}`);
  return JSON.parse(stdout);
}

async function check({ name, version, filename, files }) {
  const pkgDir = join(root, "packages", name.replace(/^@eval\//, ""));
  const { buffer: tarball } = new Uint8Array(readFileSync(filename));
  const { messages, pkg } = await publint({ pkgDir: "package", strict: true, pack: { tarball } });
  const problems = [
    ...messages.map((message) => `${message.type}: ${formatMessage(message, pkg, { color: false })}`),
    ...["LICENSE", "README.md"]
      .filter((path) => !files.some((file) => file.path === path))
      .map((path) => `${path} is missing`),
    ...files
      .filter((file) => isStale(pkgDir, file.path))
      .map(({ path }) => `${path} has no source: remove dist and rebuild`),
  ];
  console.log(`${problems.length === 0 ? "ok    " : "failed"} ${name} ${version} (${files.length} files)`);
  for (const problem of problems) console.log(`       ${problem}`);
  return problems.length;
}

/** The compiler does not remove the output of deleted sources. */
function isStale(pkgDir, path) {
  const built = /^dist\/(.+?)(\.d\.ts|\.js)$/.exec(path);
  return built !== null && !existsSync(join(pkgDir, "src", `${built[1]}.ts`));
}
