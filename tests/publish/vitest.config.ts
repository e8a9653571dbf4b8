import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    globalSetup: "src/global-setup.ts",
    // For a product that hangs: waits have shorter deadlines of their own, which say what they waited for.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
