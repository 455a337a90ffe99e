import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { execFileSync, spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const script = fileURLToPath(new URL("../../tools/reporter.mjs", import.meta.url));

interface Reporter {
  onTestRunEnd(modules: readonly unknown[], errors: readonly unknown[]): void;
}
const { default: ClosingLine } = (await import(script)) as { default: new () => Reporter };

function fakeTest(name: string, state: string, note?: string, mode = "run") {
  return { fullName: name, options: { mode }, result: () => ({ state, note }) };
}

function fakeModule(tests: unknown[], moduleErrors = 0, suiteErrors = 0) {
  const suites = [{ errors: () => Array.from({ length: suiteErrors }, () => ({})) }];
  const children = { allTests: () => tests, allSuites: () => suites };
  return {
    relativeModuleId: "test/a.test.ts",
    children,
    errors: () => Array.from({ length: moduleErrors }, () => ({})),
  };
}

let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heed-reporter-"));
  printed = "";
  vi.stubEnv("HEED_TEST_COUNTS", "");
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("skipped tests are named with their reasons, and the closing line stands alone at the end", () => {
  const tests = [
    fakeTest("a > b", "passed"),
    fakeTest("a > c", "failed"),
    fakeTest("a > d", "skipped", "no Chromium here"),
    fakeTest("e", "skipped", undefined, "skip"),
    fakeTest("f", "skipped", undefined, "todo"),
  ];
  new ClosingLine().onTestRunEnd([fakeModule(tests), fakeModule([fakeTest("g", "passed")])], []);
  expect(printed).toMatchInlineSnapshot(`
    "
    Skipped:
      test/a.test.ts > a > d: no Chromium here
      test/a.test.ts > e: no reason given; use context.skip(reason)
      test/a.test.ts > f: to be written

    2 passed, 1 failed, 3 skipped
    "
  `);
});

test("what fails no test of its own is a failure all the same", () => {
  const unfinished = fakeTest("a", "pending");
  new ClosingLine().onTestRunEnd([fakeModule([unfinished], 1, 1)], [new Error("unhandled")]);
  expect(printed).toBe("0 passed, 4 failed, 0 skipped\n");
});

test("several runs share one line", () => {
  const file = join(folder, "counts.json");
  vi.stubEnv("HEED_TEST_COUNTS", file);
  new ClosingLine().onTestRunEnd([fakeModule([fakeTest("a", "passed")])], []);
  new ClosingLine().onTestRunEnd([fakeModule([fakeTest("a", "passed"), fakeTest("b", "skipped", "why")])], []);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ passed: 2, failed: 0, skipped: 1 });
  expect(execFileSync(process.execPath, [script, file], { encoding: "utf8" })).toBe("2 passed, 0 failed, 1 skipped\n");
  const nothing = spawnSync(process.execPath, [script, join(folder, "none.json")], { encoding: "utf8" });
  expect([nothing.status, nothing.stdout]).toEqual([1, "0 passed, 0 failed, 0 skipped\n"]);
});
