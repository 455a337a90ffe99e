/** ONNX Runtime's WebAssembly build in Node: all ops, state written in place, and standing in for the native build. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadOnnxRuntime } from "#platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { inputsOf, valuesOf, type GoldenSize } from "../graph/op-inputs.ts";
import { samples } from "../graph/op-samples.ts";

const golden = JSON.parse(readFileSync(new URL("../graph/golden/ops.json", import.meta.url), "utf8")) as {
  samples: Record<string, { tiny: GoldenSize }>;
};
const vector = (...values: number[]): HostTensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ engine: "wasm", worker: false, threads: 2 });
});
afterAll(() => engine.dispose());

it("says what it is", () => {
  expect(engine.description).toMatch(/^ONNX Runtime \d+\.\d+\.\d+ \(WebAssembly\), 2 threads$/);
});

it("computes every op as PyTorch does", async () => {
  const wrong: string[] = [];
  for (const [name, { tiny }] of Object.entries(golden.samples)) {
    const inputs = inputsOf(tiny.inputs);
    const program = await engine.load(lower(name, { y: samples[name]!(...inputs) }, { inputs }));
    const feeds = Object.fromEntries(tiny.inputs.map((spec, i) => [`x${i}`, valuesOf(spec, i)]));
    const { y } = await engine.run([{ program, fetch: ["y"] }], feeds);
    await engine.unload(program);
    const far = tiny.values!.some(
      (value, i) => Math.abs(Number(y!.data[i]) - value) > 1e-5 * Math.max(1, Math.abs(value)),
    );
    if (far || y!.shape.join() !== tiny.shape.join()) wrong.push(name);
  }
  expect(Object.keys(golden.samples).length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});

describe.each([
  ["in this thread", false],
  ["in a worker", true],
])("residents %s", (_, worker) => {
  it("are read, and written over by the outputs that are bound to them", async () => {
    const own = await createEngine({ engine: "wasm", worker, threads: 2 });
    try {
      await own.allocate("state", "float32", 5);
      await own.write("state", Float32Array.of(1, 2, 3, 4, 5));
      const [state, change] = [input("state", "float32", [2]), input("change", "float32", [2])];
      const next = state.add(change);
      const program = await own.load(lower("update", { next, total: next.sum() }));
      const part = { resident: "state", offset: 2, shape: [2] };
      const call = { program, bind: { state: part, next: part }, fetch: ["total"] };
      const { total } = await own.run([call, call], { change: vector(10, 20) });
      expect([...total!.data]).toEqual([3 + 4 + 2 * 30]);
      expect([...(await own.read("state")).data]).toEqual([1, 2, 23, 44, 5]);
      await own.run([{ ...call, bind: { state: part }, keep: { next: "kept" } }], { change: vector(0, 1) });
      expect([...(await own.read("kept")).data]).toEqual([23, 45]);
    } finally {
      await own.dispose();
    }
  });
});

it("keeps 16-bit floats as bit patterns", async () => {
  const program = await engine.load(lower("halves", { y: input("x", "float32", [3]).cast("float16") }));
  const { y } = await engine.run([{ program, fetch: ["y"], keep: { y: "halves" } }], { x: vector(1, -2, 0.5) });
  for (const { data } of [y!, await engine.read("halves")]) {
    expect(data).toBeInstanceOf(Uint16Array);
    expect([...data]).toEqual([0x3c00, 0xc000, 0x3800]);
  }
});

it("gives back the memory of what was fed, kept, fetched and freed", async () => {
  const size = 4_000_000;
  const x = input("x", "float32", [size]);
  const program = await engine.load(lower("large", { kept: x.add(1), fetched: x.neg() }));
  const feeds = { x: { dtype: "float32" as const, shape: [size], data: new Float32Array(size).fill(2) } };
  const run = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      await engine.allocate("spare", "float32", size);
      const { fetched } = await engine.run([{ program, keep: { kept: "kept" }, fetch: ["fetched"] }], feeds);
      expect(fetched!.data[size - 1]).toBe(-2);
      await engine.free("spare");
    }
    return bytesOfMemory();
  };
  const before = await run(3);
  // The threads' timing decides how freed parts join, so the memory may grow by a step; a leak of one tensor a run is
  // 400 MB here.
  expect(await run(25)).toBeLessThan(before + 5 * size * Float32Array.BYTES_PER_ELEMENT);
  expect((await engine.read("kept", size - 1)).data[0]).toBe(3);
  await engine.free("kept");
  await engine.unload(program);
});

/** The memory of the module that the engines of this thread share: it grows, and never shrinks. */
async function bytesOfMemory(): Promise<number> {
  const { inPlace } = await loadOnnxRuntime("wasm", 1, false);
  const probe = inPlace!.allocate("uint8", 1);
  inPlace!.free(probe);
  return probe.buffer.byteLength;
}

it("is of the version that the package says", () => {
  const file = new URL("../../node_modules/onnxruntime-web/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  expect(engine.description).toContain(`ONNX Runtime ${version} `);
});

describe("without the native build", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const project = mkdtempSync(join(tmpdir(), "heed-no-native-"));
  const modules = join(project, "node_modules");
  beforeAll(() => {
    cpSync(join(root, "dist"), join(modules, "heed/dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(modules, "heed/package.json"));
    mkdirSync(join(modules, "@huggingface"));
    for (const name of ["onnxruntime-web", "zod", "@huggingface/jinja"]) {
      symlinkSync(realpathSync(join(root, "node_modules", name)), join(modules, name), "junction");
    }
  });
  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });
  const engineOf = (options: object): string => {
    const script = `import { createEngine } from "heed";
      const engine = await createEngine(${JSON.stringify(options)}).catch((error) => ({ description: error.name + ": " + error.message }));
      console.log(engine.description);
      await engine.dispose?.();`;
    const args = ["--input-type=module", "--eval", script];
    return execFileSync(process.execPath, args, {
      cwd: project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  };

  it("WebAssembly serves, and who asks for the native build is told that it is not installed", () => {
    expect(engineOf({ threads: 1 })).toMatch(/WebAssembly\), 1 thread\n$/);
    expect(engineOf({ engine: "onnxruntime" })).toMatch(/^EngineError: .*onnxruntime-node is not installed/);
  });

  it("the same where its binary cannot be loaded", () => {
    const broken = join(modules, "onnxruntime-node");
    mkdirSync(broken);
    writeFileSync(join(broken, "package.json"), `{ "name": "onnxruntime-node", "main": "index.js" }`);
    writeFileSync(join(broken, "index.js"), `throw new Error("libonnxruntime.so.1: cannot open shared object file");`);
    expect(engineOf({ worker: false, threads: 1 })).toMatch(/WebAssembly\), 1 thread\n$/);
    expect(engineOf({ engine: "onnxruntime", worker: false })).toMatch(
      /could not be loaded: libonnxruntime.*cannot open/,
    );
  });
});
