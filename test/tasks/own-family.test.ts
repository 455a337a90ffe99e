/** A family outside of the package: src/models/opt.ts with imports from the package, opened and verified by its users. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  architectureOfPreset,
  createModel,
  diskFolder,
  memoryFolder,
  open,
  openModel,
  saveModel,
  verify,
  type Family,
} from "heed";
import typescript from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scratch = join(root, ".cache", "own-family");
const options = { worker: false, threads: 1 };
/** The checkpoint of an OPT whose config names a family that the package does not have. */
const folder = memoryFolder();
let families: Family[];

beforeAll(async () => {
  const source = readFileSync(join(root, "src/models/opt.ts"), "utf8")
    .replaceAll(/"\.\.\/(graph|nn)\/index\.ts"/g, '"heed/$1"')
    .replaceAll(/"\.\/[\w-]+\.ts"/g, '"heed/models"')
    .replace('modelType: "opt"', 'modelType: "our-opt"')
    .replaceAll('"opt-1', '"our-opt-1');
  const { ESNext: module } = typescript.ModuleKind;
  const { outputText } = typescript.transpileModule(source, {
    compilerOptions: { module, target: typescript.ScriptTarget.ES2023 },
  });
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, "family.mjs"), outputText);
  const made = (await import(pathToFileURL(join(scratch, "family.mjs")).href)) as { optFamily: Family };
  families = [made.optFamily];
  const opt = diskFolder(join(root, "test/families/opt-causal-lm"));
  for (const { name, kind } of await opt.list()) if (kind === "file") await folder.write(name, await opt.read(name));
  const config = JSON.parse(readFileSync(join(root, "test/families/opt-causal-lm/config.json"), "utf8")) as object;
  await folder.write("config.json", JSON.stringify({ ...config, model_type: "our-opt" }));
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe("a family of one's own", () => {
  it("is not known to the package", async () => {
    await expect(open(folder, options)).rejects.toThrow(/"our-opt", a family that this version does not have/);
  });

  it("is verified", async () => {
    const { rows, ok } = await verify(folder, { ...options, families });
    expect(rows.filter((row) => !row.ok)).toEqual([]);
    expect(rows.some(({ name }) => name.startsWith("generate."))).toBe(true);
    expect(ok).toBe(true);
  });

  it("is opened and saved", async () => {
    const model = await openModel(folder, { ...options, families });
    const copy = memoryFolder();
    await saveModel(model, copy);
    await model.dispose();
    const config = JSON.parse(new TextDecoder().decode(await copy.read("config.json"))) as Record<string, unknown>;
    expect(config).toMatchObject({ model_type: "our-opt", architectures: ["OPTForCausalLM"] });
  });

  it("goes before one of the package of the same name, and has sizes of its own", async () => {
    await expect(createModel("our-opt-125m", options)).rejects.toThrow("There is no size named");
    expect(architectureOfPreset("our-opt-125m", { task: "features", families }).className).toBe("OPTModel");
    const [made] = families;
    const own = { ...made!, fromJson: () => expect.fail("the own one was asked") };
    await expect(openModel(folder, { ...options, families: [own] })).rejects.toThrow("the own one was asked");
  });
});
