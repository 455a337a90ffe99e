// The closing line of a test run: "N passed, N failed, N skipped", after the skipped tests with their reasons.
// With HEED_TEST_COUNTS=FILE the counts are added to those in FILE (JSON), so that several runs can share one line:
// `node tools/reporter.mjs FILE` prints it, and exits with 1 where something failed or nothing ran.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const none = { passed: 0, failed: 0, skipped: 0 };

/** The counts in a file; zeros where there is none yet. */
export function readCounts(file) {
  return existsSync(file) ? { ...none, ...JSON.parse(readFileSync(file, "utf8")) } : { ...none };
}

/** Adds counts to those in a file. */
export function addCounts(file, counts) {
  const sum = readCounts(file);
  for (const key of Object.keys(none)) sum[key] += counts[key];
  writeFileSync(file, `${JSON.stringify(sum)}\n`);
}

/** "12 passed, 0 failed, 1 skipped" */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A reporter for Vitest 4. It comes after the one that prints the results. */
export default class ClosingLine {
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { ...none };
    const skipped = [];
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) {
        const { state, note } = test.result();
        // A test that never came to an end did not pass.
        counts[state === "pending" ? "failed" : state]++;
        if (state === "skipped")
          skipped.push(`${testModule.relativeModuleId} > ${test.fullName}: ${reasonOf(test, note)}`);
      }
      // A file that does not load and a hook that throws fail no test of their own.
      counts.failed += testModule.errors().length;
      for (const suite of testModule.children.allSuites()) counts.failed += suite.errors().length;
    }
    counts.failed += unhandledErrors.length;
    const lines = skipped.length === 0 ? [] : ["", "Skipped:", ...skipped.map((line) => `  ${line}`), ""];
    process.stdout.write(`${[...lines, closingLine(counts)].join("\n")}\n`);
    const file = process.env.HEED_TEST_COUNTS;
    if (file) addCounts(file, counts);
  }
}

/** `context.skip("reason")` leaves a note; `test.skip` and `test.todo` leave none. */
function reasonOf(test, note) {
  if (note) return note;
  if (test.parent?.type === "suite" && test.parent.errors().length > 0) return "a hook before it failed";
  return test.options.mode === "todo" ? "to be written" : "no reason given; use context.skip(reason)";
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = process.argv[2];
  if (!file) {
    console.error("Give the file with the counts: node tools/reporter.mjs FILE");
    process.exit(1);
  }
  const counts = readCounts(file);
  console.log(closingLine(counts));
  process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}
