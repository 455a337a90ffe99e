// `npm test`: sets the clone up, then runs the test suite. Arguments go to Vitest.
import { run, setUp } from "./setup.mjs";

setUp();
run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)]);
