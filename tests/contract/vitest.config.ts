import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    globalSetup: "src/shared-controller.ts",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The tests mostly wait for processes of their own: several files at once, also where there are only two cores.
    maxWorkers: 4,
    pool: "threads",
    isolate: false,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
