/** OpenVINO: where it is looked for, what is said where it is missing, and that it does as ONNX Runtime does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { dimension, input, type Tensor } from "../../src/graph/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { transformerPresets } from "../../src/models/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/runtime/index.ts";
import { findOpenVino } from "../../src/runtime/openvino-places.ts";
import { adam } from "../../src/training/optimizers.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { GRADIENTS } from "../../src/training/update.ts";
import { describeEngine } from "../engines.ts";
import { floats, relativeDistance } from "../models/programs.ts";
import { pairs, smallTranslator, whole } from "../training/small-runs.ts";

const root = mkdtempSync(join(tmpdir(), "heed-openvino-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A file that is no library. */
function fake(path: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "not a library");
  return file;
}

const messageOf = (options: EngineOptions): Promise<string> =>
  createEngine(options).then(
    async (engine) => {
      await engine.dispose();
      return engine.description;
    },
    (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
  );

describe("the library is found", () => {
  const posix = process.platform === "linux";

  it("where HEED_OPENVINO points: at the file, its folder, or an unpacked wheel; and nowhere else", async () => {
    const file = fake("wheel/openvino/libs/libopenvino_c.so.2641");
    for (const named of [file, dirname(file), join(root, "wheel"), join(root, "wheel/openvino")]) {
      expect((await findOpenVino({ HEED_OPENVINO: named })).file).toBe(file);
    }
    const empty = join(root, "empty");
    mkdirSync(empty);
    const { file: none, looked } = await findOpenVino({ HEED_OPENVINO: empty, VIRTUAL_ENV: join(root, "venv") });
    expect(none).toBeUndefined();
    expect(looked.every((place) => place.startsWith(empty))).toBe(true);
  });

  it.runIf(posix)("in an active Python environment, and in that of the first python3 on PATH", async () => {
    const active = fake("venv/lib/python3.12/site-packages/openvino/libs/libopenvino_c.so.2641");
    const debian = fake("debian/lib/python3/dist-packages/openvino/libs/libopenvino_c.so.2641");
    fake("debian/bin/python3");
    const environment = { PATH: `${join(root, "nothing")}:${join(root, "debian/bin")}` };
    expect((await findOpenVino({ ...environment, VIRTUAL_ENV: join(root, "venv") })).file).toBe(active);
    expect((await findOpenVino({ ...environment, CONDA_PREFIX: join(root, "venv") })).file).toBe(active);
    expect((await findOpenVino(environment)).file).toBe(debian);
  });

  it.runIf(posix)("among the system's libraries, by its shortest name", async () => {
    fake("system/libopenvino_c.so.2026.4.1");
    fake("system/libopenvino_c_other.so");
    const file = fake("system/libopenvino_c.so");
    const found = await findOpenVino({ PATH: "", LD_LIBRARY_PATH: join(root, "system") });
    // The search ends before them where the project has a library of its own in .cache.
    if (found.file?.includes(".cache") !== true) expect(found.looked).toContain(dirname(file));
    expect((await findOpenVino({ HEED_OPENVINO: join(root, "system") })).file).toBe(file);
  });
});

describeEngine("openvino", () => {
  it("auto takes it for training, and leaves generating to ONNX Runtime", async () => {
    expect(await messageOf({ threads: 1 })).toMatch(/^OpenVINO/);
    expect(await messageOf({ threads: 1, purpose: "generation" })).toMatch(/^ONNX Runtime/);
    expect(await messageOf({ threads: 1, purpose: "generation", precision: "bf16" })).toMatch(/^OpenVINO.*bf16/);
  });
});

describe.each([false, true])("where it is absent or broken (in a worker: %s)", (worker) => {
  const options = { worker, threads: 1 };

  it("who asks for it is told where it was looked for and how to install it; else ONNX Runtime serves", async () => {
    vi.stubEnv("HEED_OPENVINO", join(root, "absent"));
    const message = await messageOf({ ...options, engine: "openvino" });
    expect(message).toMatch(/^EngineError: OpenVINO's C library .*was not found; looked in .*absent.*HEED_OPENVINO/);
    expect(message).toMatch(/pip install --no-deps openvino==2026\.4\.\*/);
    expect(await messageOf(options)).toMatch(/^ONNX Runtime/);
  });

  it("one that cannot be opened is named in a warning, and ONNX Runtime serves", async () => {
    const file = fake("broken/libopenvino_c.so");
    vi.stubEnv("HEED_OPENVINO", file);
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    expect(await messageOf(options)).toMatch(/^ONNX Runtime/);
    await new Promise((resolve) => setTimeout(resolve, 0));
    process.off("warning", listen);
    // A worker's warnings go to stderr by themselves.
    if (!worker) expect(warnings.join()).toContain(`does not work here, so ONNX Runtime serves. ${file}`);
    expect(await messageOf({ ...options, engine: "openvino" })).toContain(`EngineError: ${file} could not be opened`);
  });

  it("bf16 is refused, not ignored", async () => {
    vi.stubEnv("HEED_OPENVINO", join(root, "absent"));
    for (const engine of ["onnxruntime", "wasm"] as const) {
      expect(await messageOf({ ...options, engine, precision: "bf16" })).toMatch(/^EngineError: .*bf16.*OpenVINO/);
    }
    expect(await messageOf({ ...options, precision: "bf16" })).toMatch(/^EngineError: .*was not found/);
  });
});

const numbers = (dtype: "float32" | "int32", ...values: number[]): HostTensor => ({
  dtype,
  shape: [values.length],
  data: dtype === "float32" ? Float32Array.from(values) : Int32Array.from(values),
});

describeEngine("openvino", () => {
  describe.each([false, true])("in use (in a worker: %s)", (worker) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ engine: "openvino", worker, threads: 2 });
    });
    afterAll(() => engine.dispose());

    it("says what it is", () => {
      expect(engine.description).toMatch(/^OpenVINO \d+\.\d+\.\d+, 2 threads$/);
    });

    it("reads residents and writes over them, keeps outputs with the shapes they come out with, and fetches", async () => {
      await engine.allocate("state", "float32", 5);
      await engine.write("state", Float32Array.of(1, 2, 3, 4, 5));
      const [state, change] = [input("state", "float32", [2]), input("change", "float32", [2])];
      const next = state.add(change);
      const program = await engine.load(lower("update", { next, total: next.sum() }));
      const part = { resident: "state", offset: 2, shape: [2] };
      const call = { program, bind: { state: part, next: part }, fetch: ["total"] };
      const { total } = await engine.run([call, call], { change: numbers("float32", 10, 20) });
      expect(total).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(3 + 4 + 2 * 30) });
      expect([...(await engine.read("state")).data]).toEqual([1, 2, 23, 44, 5]);
      // The same program with the output kept, and bound again: one way must not remember the other's memory.
      const keep = { program, bind: { state: part }, keep: { next: "kept" }, fetch: ["next"] };
      const { next: fetched } = await engine.run([keep], { change: numbers("float32", 0, 1) });
      expect([...fetched!.data]).toEqual([23, 45]);
      await engine.run([call], { change: numbers("float32", 1, 1) });
      expect([...(await engine.read("kept")).data]).toEqual([23, 45]);
      expect([...(await engine.read("state")).data]).toEqual([1, 2, 24, 45, 5]);
      for (const name of ["state", "kept"]) await engine.free(name);
      await engine.unload(program);
      await expect(engine.run([call])).rejects.toThrow("is not loaded");
    });

    it("takes every dtype, and sizes of 0", async () => {
      const n = dimension("n");
      const outputs = (x: Tensor): Record<string, Tensor> => ({
        half: x.cast("float16"),
        whole: x.cast("int64"),
        truth: x.greater(1),
        same: x.add(0),
      });
      const program = await engine.load(lower("types", outputs(input("x", "float32", [n]))));
      const fetch = ["half", "whole", "truth", "same"];
      const full = await engine.run([{ program, fetch }], { x: numbers("float32", 1, -2, 1.5) });
      expect([...full["half"]!.data]).toEqual([0x3c00, 0xc000, 0x3e00]);
      expect([...full["whole"]!.data]).toEqual([1n, -2n, 1n]);
      expect([...full["truth"]!.data]).toEqual([0, 0, 1]);
      const none = await engine.run([{ program, fetch, keep: { same: "nothing" } }], { x: numbers("float32") });
      for (const name of fetch) expect(none[name]!.shape).toEqual([0]);
      const again = { program, bind: { x: { resident: "nothing" } }, fetch };
      expect((await engine.run([again]))["same"]!.shape).toEqual([0]);
    });

    it("whole numbers are exact beyond what float32 holds", async () => {
      const [a, b] = [input("a", "int32", [4]), input("b", "int32", [4])];
      const outputs = { sum: a.add(b), rest: a.mod(21_845), product: b.mul(8209) };
      const program = await engine.load(lower("whole numbers", outputs));
      const values = [1_073_741_823, 1_073_741_821, 987_654_321, 16_777_217];
      const others = [3, 65_537, 131_071, 16_385];
      const feeds = { a: numbers("int32", ...values), b: numbers("int32", ...others) };
      const got = await engine.run([{ program, fetch: Object.keys(outputs) }], feeds);
      expect([...got["sum"]!.data]).toEqual(values.map((value, i) => value + others[i]!));
      expect([...got["rest"]!.data]).toEqual(values.map((value) => value % 21_845));
      expect([...got["product"]!.data]).toEqual(others.map((other) => other * 8209));
    });

    it("names the program and the reason where it fails", async () => {
      const x = input("x", "float32", [dimension("a")]);
      const y = input("y", "float32", [dimension("a")]);
      const program = await engine.load(lower("adding", { sum: x.add(y) }));
      const run = engine.run([{ program, fetch: ["sum"] }], {
        x: numbers("float32", 1, 2),
        y: numbers("float32", 1, 2, 3),
      });
      await expect(run).rejects.toThrow(/^The program "adding" failed: .*[Ss]hape/);
      await expect(engine.run([{ program, fetch: ["sum"] }], {})).rejects.toThrow(
        "needs x: float32[a]; it was not given",
      );
      const bytes = new Uint8Array(8);
      const nonsense = engine.load({ name: "nonsense", bytes, inputs: [], outputs: [] });
      await expect(nonsense).rejects.toThrow('refused the program "nonsense"');
    });
  });
});

describeEngine("openvino", () => {
  describe("bf16", () => {
    const tiny = { ...transformerPresets.tiny, dropout: 0, normalization: "pre", vocabulary: 1000 } as const;

    /** The gradients of the first update. */
    async function gradientsIn(precision: "fp32" | "bf16"): Promise<Float32Array> {
      const engine = await createEngine({ engine: "openvino", precision, worker: false, threads: 1 });
      const settings = { optimizer: adam(), clipNorm: 1, seed: 7 };
      try {
        const trainer = await Trainer.create(engine, smallTranslator(tiny), settings);
        const { gradientNorm } = await trainer.step(1, [whole(pairs(32))], 1e-3);
        const gradients = floats(await engine.read(GRADIENTS));
        // The sum over the gradients is exact whatever the precision of the products that they come from.
        const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0));
        expect(Math.abs(gradientNorm / norm - 1)).toBeLessThan(1e-6);
        return gradients;
      } finally {
        await engine.dispose();
      }
    }

    it("changes the gradients of a Transformer by less than 2 percent, and the sum of their squares not at all", async () => {
      const distance = relativeDistance(await gradientsIn("bf16"), await gradientsIn("fp32"));
      expect(distance).toBeLessThan(2e-2);
      expect(distance).toBeGreaterThan(1e-5);
    });
  });
});
