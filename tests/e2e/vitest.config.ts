import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The tests mostly wait for processes of their own: two files at once, also where there are only two cores.
    maxWorkers: 2,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
