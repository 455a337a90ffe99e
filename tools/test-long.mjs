// `npm run test:long`: the full examples and the tests that take minutes.
import { run, setUp } from "./setup.mjs";

setUp();
run(process.execPath, [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--config",
  "vitest.long.config.ts",
  ...process.argv.slice(2),
]);
