import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("a thousand create-run-dispose rounds leave the process's memory flat", () => {
  const script = new URL("../../tools/checks/memory.mjs", import.meta.url).pathname;
  // The script exits with 1 where memory grows; its lines say how much.
  const report = execFileSync(process.execPath, ["--expose-gc", script, "1000", "100"], { encoding: "utf8" });
  expect(report).toContain("in workers");
});
