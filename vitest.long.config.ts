import { defineConfig } from "vitest/config";

// One file at a time: these train for minutes and use all cores.
export default defineConfig({
  test: {
    include: ["test/**/*.long.ts"],
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    pool: "forks",
    fileParallelism: false,
    reporters: ["default", "./tools/reporter.mjs"],
  },
});
