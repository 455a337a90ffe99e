import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import {
  anglesAt,
  distanceSinusoids,
  hiddenGroups,
  positionsOf,
  productByDistance,
  rowAt,
  rowProducts,
  tokenRows,
  tokenTables,
  type AddedPositions,
  type BiasedPositions,
  type PositionEncoding,
  type RelativeSinusoids,
  type RotaryAngles,
} from "../../src/insight/index.ts";
import { sinusoids } from "../../src/nn/index.ts";
import { openSubject, type Subject } from "../../src/inspect/index.ts";

interface Golden {
  readonly added: Record<string, number[][]>;
  readonly rotary: Record<string, { from: number; cosines: number[][]; sines: number[][] }>;
  readonly t5: Record<"encoder" | "decoder", { places: number; biases: number[][][] }>;
  readonly vit: number[][];
}
const golden = JSON.parse(readFileSync(new URL("golden/positions.json", import.meta.url), "utf8")) as Golden;

const families = new URL("../families/", import.meta.url).pathname;

async function withModel<T>(name: string, use: (subject: Subject) => Promise<T>): Promise<T> {
  const subject = await openSubject(diskFolder(`${families}${name}`), { threads: 1, worker: false });
  try {
    return await use(subject);
  } finally {
    await subject.dispose();
  }
}

const positions = (name: string): Promise<PositionEncoding[]> =>
  withModel(name, ({ architecture, parameters }) => positionsOf(architecture, parameters));

function expectRows(got: { values: Float32Array; width: number }, wanted: readonly (readonly number[])[]): void {
  expect(got.width).toBe(wanted[0]!.length);
  wanted.flat().forEach((x, i) => {
    expect(got.values[i]).toBeCloseTo(x, 5);
  });
}

describe("positionsOf", () => {
  it.each(Object.keys(golden.added))("%s: the rows that transformers adds to the first tokens", async (name) => {
    const [first] = (await positions(name)) as AddedPositions[];
    expectRows(first!.rows, golden.added[name]!);
  });

  it.each(Object.keys(golden.rotary))("%s: the angles that transformers turns by", async (name) => {
    const [found] = (await positions(name)) as RotaryAngles[];
    const { from, cosines, sines } = golden.rotary[name]!;
    const angles = anglesAt(found!.frequencies, from + cosines.length);
    cosines.forEach((row, i) => {
      row.forEach((cosine, k) => {
        const angle = rowAt(angles, from + i)[k]!;
        expect(Math.cos(angle)).toBeCloseTo(cosine, 4);
        expect(Math.sin(angle)).toBeCloseTo(sines[i]![k]!, 4);
      });
    });
  });

  it("llama: says how angles are scaled, beside those without", async () => {
    const [linear] = (await positions("llama-causal-lm-linear")) as RotaryAngles[];
    expect(linear!.scaling).toBe("linear");
    const ratios = linear!.frequencies.map((x, i) => linear!.unscaled![i]! / x);
    expect(new Set(ratios.map((x) => Math.round(x * 1000))).size).toBe(1);
    expect(((await positions("llama-model")) as RotaryAngles[])[0]).toMatchObject({ scaling: "none" });
  });

  it("t5: the biases that transformers adds to the scores, of both stacks", async () => {
    const found = (await positions("t5-model")) as BiasedPositions[];
    expect(found.map(({ side, bothSides }) => [side, bothSides])).toEqual([
      ["source", true],
      ["target", false],
    ]);
    for (const { side, distances, biases } of found) {
      const { places, biases: wanted } = golden.t5[side === "source" ? "encoder" : "decoder"];
      const longest = -distances[0]!;
      wanted.forEach((head, h) => {
        for (let query = 0; query < places; query++) {
          for (let key = 0; key < (side === "source" ? places : query + 1); key++) {
            const distance = Math.max(-longest, Math.min(longest, key - query));
            expect(biases[h * distances.length + distance + longest]).toBeCloseTo(head[query]![key]!, 5);
          }
        }
      });
    }
  });

  it("vit: cosines between the positions of patches, without the class token", async () => {
    const [found] = (await positions("vit-model")) as AddedPositions[];
    expect(found).toMatchObject({ kind: "patches", side: "image", before: 1, grid: { rows: 3, columns: 3 } });
    const cosines = rowProducts(found!.rows, { cosine: true });
    golden.vit.flat().forEach((wanted, i) => {
      expect(cosines[i]).toBeCloseTo(wanted, 5);
    });
  });

  it("clip: positions of words and of patches, each of its tower", async () => {
    const found = await positions("clip-model");
    expect(found.map(({ kind, side }) => `${kind} ${side}`).sort()).toEqual(["learned text", "patches image"]);
  });

  it("transfo-xl: sines, then cosines, of distances, none longer than the largest", async () => {
    const [found] = (await positions("transfo-xl-model")) as RelativeSinusoids[];
    const { largest, frequencies } = found!;
    const rows = distanceSinusoids(found!, largest + 3);
    const width = frequencies.length * 2;
    expectRows({ values: rows.values.subarray(0, 4 * width), width }, [
      ...Array.from({ length: 4 }, (_, i) =>
        Array.from(sinusoids(4, width, "halves").subarray(i * width, (i + 1) * width)),
      ),
    ]);
    expect(rowAt(rows, largest + 2)).toEqual(rowAt(rows, largest));
  });

  it("says the kind of each family", async () => {
    const kinds: Record<string, string[]> = {};
    for (const name of [
      "albert-model",
      "electra-model",
      "openai-gpt-model",
      "mbart-model",
      "esm-masked-lm-absolute",
      "clip-text-model",
      "clip-vision-model",
      "t5-encoder",
    ]) {
      kinds[name] = (await positions(name)).map(({ kind, title }) => `${kind}: ${title}`);
    }
    expect(kinds).toEqual({
      "albert-model": ["learned: learned positions"],
      "electra-model": ["learned: learned positions"],
      "openai-gpt-model": ["learned: learned positions"],
      "mbart-model": ["learned: learned positions of the encoder", "learned: learned positions of the decoder"],
      "esm-masked-lm-absolute": ["learned: learned positions"],
      "clip-text-model": ["learned: learned positions"],
      "clip-vision-model": ["patches: learned positions of patches"],
      "t5-encoder": ["buckets: biases for distances"],
    });
  });
});

describe("productByDistance", () => {
  it("is the product of a query with the same key, turned to its place", () => {
    const frequencies = Float32Array.of(1, 0.1, 0.01);
    const found = productByDistance(frequencies, 5);
    expect(found[0]).toBe(1);
    expect(found[4]).toBeCloseTo((Math.cos(4) + Math.cos(0.4) + Math.cos(0.04)) / 3, 6);
  });
});

describe("tables and hidden states", () => {
  it("are found in every family, with the sizes of its config", async () => {
    // One checkpoint of each family and body; heads are the same below.
    const names = readdirSync(families).filter((name) =>
      /-(model|encoder)$|^(opt|dnabert)-(causal|masked)-lm$/.test(name),
    );
    for (const name of names) {
      await withModel(name, async ({ architecture, parameters, model }) => {
        const tables = tokenTables(architecture, parameters);
        const reads = architecture.inputs["inputIds"] !== undefined;
        expect([name, tables.length]).toEqual([name, reads ? 1 : 0]);
        for (const table of tables) {
          const rows = await tokenRows(model, table);
          expect([rows.count, rows.width]).toEqual([table.count, table.width]);
        }
        expect(hiddenGroups(architecture)).not.toEqual([]);
      });
    }
  }, 30_000);

  it("of source and target are told apart where they differ", async () => {
    await withModel("marian-conditional-generation-two-vocabularies", ({ architecture, parameters }) => {
      const found = tokenTables(architecture, parameters).map(({ sides, count }) => [sides.join(), count]);
      expect(found.sort()).toEqual([
        ["source", 47],
        ["target", 41],
      ]);
      return Promise.resolve();
    });
  });

  it("transfo-xl: rows are what the model reads, of words of all clusters", async () => {
    await withModel("transfo-xl-model", async ({ architecture, parameters, model }) => {
      const [table] = tokenTables(architecture, parameters);
      const rows = await tokenRows(model, table!);
      const inputIds = { dtype: "int32", shape: [1, 3], data: Int32Array.of(1, 30, 50) } as const;
      const hidden = (await model.run({ inputIds }, { outputs: ["hiddenStates.0"] })).get("hiddenStates.0")!;
      [1, 30, 50].forEach((id, i) => {
        const wanted = (hidden.data as Float32Array).subarray(i * rows.width, (i + 1) * rows.width);
        rowAt(rows, id).forEach((x, d) => {
          expect(x).toBeCloseTo(wanted[d]!, 6);
        });
      });
    });
  });
});
