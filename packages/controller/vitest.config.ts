import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // For a product that hangs: waits have shorter deadlines of their own, which say what they waited for.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // Threads that are used again: a process of its own for each file costs more than most of the tests.
    pool: "threads",
    isolate: false,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
