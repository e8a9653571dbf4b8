import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // For a product that hangs: waits have shorter deadlines of their own, which say what they waited for.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // Files keep a process each: tests look at which drivers it has loaded, and at the schemas that it has left.
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
