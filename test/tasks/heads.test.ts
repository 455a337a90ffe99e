/** A checkpoint opens for each head of its family: one that it lacks starts fresh, one that it has too much is left. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { architectureOf, families, traceOf, type ConfigJson, type ModelTask } from "../../src/models/index.ts";
import { layerGroups, taskOutputs } from "../../src/tasks/forward.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import { inspectCheckpoint } from "../../src/tasks/open.ts";

const ROOT = "test/families";
const folders = readdirSync(ROOT, { withFileTypes: true }).flatMap(({ name }) => {
  const config = `${ROOT}/${name}/config.json`;
  return name.includes(".") ? [] : [{ name, json: JSON.parse(readFileSync(config, "utf8")) as ConfigJson }];
});

/** What lacks a half of the body, and is refused: folder and class. T5's files with a prefix are of the other classes. */
const halves = [
  /^clip-image-classification as (CLIPModel|CLIPText)/,
  /^t5-(encoder|token-classification) as T5(ForConditionalGeneration|Model|ForSequence|ForQuestion)/,
  /^t5-sequence-classification as T5(ForConditionalGeneration|ForQuestion)/,
];

describe("checkpoints open for each head of their family", () => {
  it.each(folders)("$name", async ({ name, json }) => {
    const family = families.find(({ modelType }) => modelType === json["model_type"])!;
    for (const className of Object.keys(family.heads)) {
      const what = `${name} as ${className}`;
      const error = await inspectCheckpoint(diskFolder(`${ROOT}/${name}`), { className, fresh: true }).then(
        () => undefined,
        (reason: unknown) => String(reason),
      );
      if (halves.some((half) => half.test(what))) expect(error, what).toMatch(/ {2}missing: /);
      // A head of the same name for another number of classes is another head.
      else if (error !== undefined) expect(error, what).not.toMatch(/ {2}(missing|not part of the model): /);
    }
  });
});

describe("what forward calls give is what their types say", () => {
  const seen = new Set<string>();

  it.each(folders)("$name", async ({ name, json }) => {
    const golden = await readGolden(diskFolder(`${ROOT}/${name}`), "golden.safetensors");
    const architecture = architectureOf(json, name, { className: golden.modelClass });
    const { outputs } = traceOf(architecture, Object.keys(golden.inputs));
    const said: { always: readonly string[]; sometimes: readonly string[] } =
      taskOutputs[architecture.task as ModelTask];
    expect([...said.always, ...said.sometimes]).toEqual(expect.arrayContaining(Object.keys(outputs)));
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining([...said.always]));
    for (const output of Object.keys(outputs)) seen.add(output);
    for (const group of Object.keys(layerGroups)) expect(Object.keys(outputs)).not.toContain(group);
  });

  it("and nothing is said that none gives", () => {
    const said = Object.values(taskOutputs).flatMap(({ always, sometimes }): string[] => [...always, ...sometimes]);
    expect([...new Set(said)].sort()).toEqual([...seen].sort());
  });
});
