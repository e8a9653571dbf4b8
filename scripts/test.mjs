// Runs all tests. At the end, repeats which tests were skipped, and why.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "eval-tests-"));
const skips = join(folder, "skips");
writeFileSync(skips, "");

const flags = ["--output-logs=new-only", "--log-order=grouped", "--continue", ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, [join(root, "scripts/run.mjs"), "turbo", "run", "test", ...flags], {
  stdio: "inherit",
  env: { ...process.env, EVAL_TEST_SKIPS: skips },
});

const lines = new Set(readFileSync(skips, "utf8").split("\n").filter(Boolean).sort());
rmSync(folder, { recursive: true });
for (const line of lines) {
  const [where = "", reason] = line.split("\t");
  console.error(`Some tests of ${relative(root, where)} were skipped: ${reason}`);
}
process.exit(status ?? 1);
