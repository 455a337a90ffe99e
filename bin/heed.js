#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error("Heed is not built: the folder dist is missing. In the folder of the package, run npm install.");
  process.exitCode = 1;
}
