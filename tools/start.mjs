// `npm start`: sets the clone up, then trains the translator, measures it and shows its attention.
import { run, setUp } from "./setup.mjs";

setUp();
run(process.execPath, ["bin/heed.js", "start", ...process.argv.slice(2)]);
