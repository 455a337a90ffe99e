import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Pages on a machine that is busy answer late.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    // On two cores three took 9 min 57 s instead of 9 min 38 s; one set of modules for all files took longer, too.
    maxWorkers: 2,
    reporters: ["default", "./tools/reporter.mjs"],
  },
});
