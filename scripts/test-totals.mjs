// Sums the test reports of the last test run, and prints `<passed> <failed> <skipped>`.
// A package with tests but without a report counts as one failure.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["packages", "tests"].flatMap((group) =>
  readdirSync(`${root}/${group}`).map((name) => `${root}/${group}/${name}`),
);
let [passed, failed, skipped] = [0, 0, 0];
for (const folder of folders.filter((path) => existsSync(`${path}/vitest.config.ts`))) {
  const report = `${folder}/test-report.json`;
  if (!existsSync(report)) {
    console.error(`${folder} has no test report`);
    failed += 1;
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  passed += numPassedTests;
  failed += numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
  skipped += numPendingTests;
}
console.log(`${passed} ${failed} ${skipped}`);
