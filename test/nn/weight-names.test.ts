import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/errors/index.ts";
import { matchWeights, requireAll, type NameRules, type TensorType, type WeightMatch } from "../../src/nn/index.ts";

const rules: NameRules = {
  base: "bert",
  tied: {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
  },
  ignored: [/\.position_ids$/],
  renamed: [
    [/\.gamma$/, ".weight"],
    [/\.beta$/, ".bias"],
  ],
  heads: [/^bert\.pooler\./],
};

const body = ["embeddings.word_embeddings.weight", "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"];
const inBert = body.map((name) => `bert.${name}`);
const pooler = "pooler.dense.weight";

const specs = (names: readonly string[]): { name: string; shape: number[] }[] =>
  names.map((name) => ({ name, shape: [2, 3] }));
const tensors = (names: readonly string[], type: Partial<TensorType> = {}): Map<string, TensorType> =>
  new Map(names.map((name) => [name, { dtype: "float32", shape: [2, 3], ...type }]));
const match = (model: readonly string[], file: readonly string[], with_ = rules): WeightMatch =>
  matchWeights(specs(model), tensors(file), with_);
const clean = { missing: [], misshapen: [], unexpected: [], unused: [] };

describe("names of weights", () => {
  it("match as they are", () => {
    const names = [...inBert, "classifier.weight"];
    const found = match(names, names);
    expect(found).toEqual({ ...clean, places: new Map(names.map((name) => [name, name])), copies: new Map() });
    expect(() => {
      requireAll(found);
    }).not.toThrow();
  });

  it("take and leave the base's prefix", () => {
    expect(match(body, inBert)).toMatchObject({
      ...clean,
      places: new Map(body.map((name) => [name, `bert.${name}`])),
    });
    expect(match(inBert, body)).toMatchObject({
      ...clean,
      places: new Map(body.map((name) => [`bert.${name}`, name])),
    });
    expect(match(body, body)).toMatchObject(clean);
    // A bare file whose head's tensor bears its own name, as old files of GPT-2 have it.
    const mixed = match([...inBert, "classifier.weight"], [...body, "classifier.weight"]);
    expect(mixed).toMatchObject(clean);
    expect(mixed.places.get("classifier.weight")).toBe("classifier.weight");
  });

  it("never take a head's tensor for the body's, or the reverse", () => {
    const twice = ["bert.dense.weight", "dense.weight"];
    expect(match(twice, twice).places).toEqual(new Map(twice.map((name) => [name, name])));
    expect(match(["dense.weight"], twice)).toMatchObject({
      places: new Map([["dense.weight", "bert.dense.weight"]]),
      unused: ["dense.weight"],
    });
    const bare = match([...inBert, "classifier.weight"], [...body, "other.weight"]);
    expect(bare.unexpected).toEqual(["other.weight"]);
  });

  it("leave another task's head aside, and ask before a head starts fresh", () => {
    const found = match([...inBert, `bert.${pooler}`, "classifier.weight"], [...inBert, "cls.seq_relationship.weight"]);
    expect(found.unused).toEqual(["cls.seq_relationship.weight"]);
    expect(found.missing.map(({ name, head }) => [name, head])).toEqual([
      [`bert.${pooler}`, true],
      ["classifier.weight", true],
    ]);
    expect(() => {
      requireAll(found, { file: "model.safetensors", fresh: true });
    }).not.toThrow();
    expect(() => {
      requireAll(found, { file: "model.safetensors" });
    }).toThrow(
      "model.safetensors does not fit the model that the config describes:" +
        "\n  missing: bert.pooler.dense.weight [2, 3]\n  missing: classifier.weight [2, 3]" +
        "\nThis is a checkpoint of another task, without this head.",
    );
  });

  it("do not let a part of the body start fresh", () => {
    const found = match([...inBert, "classifier.weight"], [...inBert.slice(1), "classifier.weight"]);
    expect(() => {
      requireAll(found, { fresh: true });
    }).toThrow(/:\n {2}missing: bert\.embeddings\.word_embeddings\.weight \[2, 3\]$/);
    expect(matchWeights(specs(["a"]), tensors([])).missing).toEqual([{ name: "a", shape: [2, 3], head: false }]);
  });

  it("understand old names, unless the name is the model's own", () => {
    const old = inBert.map((name) => name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"));
    expect(match(inBert, old)).toMatchObject({ ...clean, places: new Map(inBert.map((name, i) => [name, old[i]])) });
    expect(match(["bert.scale.gamma"], ["bert.scale.gamma"])).toMatchObject(clean);
    expect(match(inBert, [...inBert, "bert.embeddings.LayerNorm.gamma"]).unexpected).toEqual([
      "bert.embeddings.LayerNorm.gamma",
    ]);
  });

  it("take a tied copy where the primary is not there, and have both compared where it is", () => {
    const [words] = inBert;
    const copy = "cls.predictions.decoder.weight";
    expect(match(inBert, [copy, ...inBert.slice(1)])).toMatchObject({
      ...clean,
      places: new Map([[words, copy], ...inBert.slice(1).map((name) => [name, name] as const)]),
      copies: new Map(),
    });
    expect(match(inBert, [copy, ...inBert])).toMatchObject({ ...clean, copies: new Map([[copy, words]]) });
    // Copies of copies, and a bare file.
    const chain: NameRules = {
      base: "model",
      tied: { "lm_head.weight": "model.decoder.weight", "model.decoder.weight": "model.shared.weight" },
    };
    expect(match(["model.shared.weight"], ["lm_head.weight", "decoder.weight"], chain)).toMatchObject({
      ...clean,
      places: new Map([["model.shared.weight", "lm_head.weight"]]),
    });
    expect(match(["shared.weight"], ["shared.weight", "lm_head.weight"], chain)).toMatchObject({
      ...clean,
      copies: new Map([["lm_head.weight", "shared.weight"]]),
    });
    // A model with an untied head has it as a parameter.
    expect(match([...inBert, copy], [...inBert, copy])).toMatchObject({ ...clean, copies: new Map() });
  });

  it("leave buffers out: those that the family names, and all whole numbers", () => {
    const file = tensors([...inBert, "bert.embeddings.position_ids"]);
    file.set("bert.counter", { dtype: "int64", shape: [1] });
    expect(matchWeights(specs(inBert), file, rules)).toMatchObject(clean);
    file.set(inBert[0]!, { dtype: "int64", shape: [2, 3] });
    const found = matchWeights(specs(inBert), file, rules);
    expect(() => {
      requireAll(found);
    }).toThrow(`wrong dtype: ${inBert[0]!} is int64, expected float32`);
  });

  it("are all listed where they do not fit, with the stored name", () => {
    const found = matchWeights(
      specs(inBert),
      new Map([...tensors(body.slice(1)), ...tensors(["x"]), ...tensors([body[1]!], { shape: [6] })]),
      rules,
    );
    expect(() => {
      requireAll(found);
    }).toThrow(CheckpointError);
    expect(() => {
      requireAll(found);
    }).toThrow(
      [
        "  missing: bert.embeddings.word_embeddings.weight [2, 3]",
        "  wrong shape: bert.embeddings.LayerNorm.weight (stored as embeddings.LayerNorm.weight) is [6], expected [2, 3]",
        "  not part of the model: x",
      ].join("\n"),
    );
  });

  it("are each used, listed or a buffer, whatever the two sides hold", () => {
    const name = fc
      .tuple(fc.constantFrom("", "bert.", "cls."), fc.constantFrom("a", "b", "c.gamma", "c.weight", "d.position_ids"))
      .map((parts) => parts.join(""));
    const names = fc.uniqueArray(name, { maxLength: 8 });
    fc.assert(
      fc.property(names, names, (model, file) => {
        const found = match(model, file);
        const accounted = [...found.places.values(), ...found.copies.keys(), ...found.unexpected, ...found.unused];
        expect(new Set(accounted).size).toBe(accounted.length);
        const left = file.filter((one) => !accounted.includes(one));
        expect(left.every((one) => one.endsWith("position_ids"))).toBe(true);
        expect([...found.places.keys(), ...found.missing.map((one) => one.name)].sort()).toEqual([...model].sort());
      }),
    );
  });
});
