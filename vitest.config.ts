import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Pages on a machine that is busy answer late.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./tools/reporter.mjs"],
  },
});
