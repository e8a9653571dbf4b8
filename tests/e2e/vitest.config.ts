import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // For a product that hangs: waits have shorter deadlines of their own, which say what they waited for.
    testTimeout: 1_200_000,
    hookTimeout: 400_000,
    // The tests mostly wait for processes of their own: several files at once, also where there are only two cores.
    maxWorkers: 4,
    pool: "threads",
    isolate: false,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
