/** Every checkpoint of test/families computes here what Python computed with it. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { families } from "../../src/models/index.ts";
import { verify } from "../../src/tasks/verify.ts";

const ROOT = "test/families";
const folders = readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe("checkpoints of the families", () => {
  it.each(folders)("%s", async (name) => {
    const { rows } = await verify(diskFolder(`${ROOT}/${name}`), { worker: false });
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
    expect(rows.length).toBeGreaterThan(0);
  });

  it("covers every family", () => {
    for (const { modelType } of families)
      expect(folders.some((name) => name.startsWith(modelType.replaceAll("_", "-")))).toBe(true);
  });
});
