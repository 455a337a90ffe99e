import { describe, expect, it } from "vitest";
import { numbers, runExample } from "./run-example.ts";

describe("the examples, quick", () => {
  it("1: after “the” comes what was ordered, and “the” looks at who ordered", async () => {
    const { code, output, errors, files } = await runExample("01-toy-attention", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toMatch(/man ordered the → chicken, .*woman ordered the → beef, /);
    const weights = numbers(output, /looks at "(?:wo)?man" with (\d\.\d+)/g);
    expect(weights).toHaveLength(2);
    expect(Math.min(...weights)).toBeGreaterThan(0.5);
    expect(numbers(output, /update 300: loss (\S+)/g)[0]).toBeCloseTo(Math.LN2 / 4, 2);
    expect([...files.keys()].sort()).toEqual(["attention-man.svg", "attention-woman.svg"]);
  });

  it("2: equal distances have equal dot products", async () => {
    const { code, output, errors, files } = await runExample("02-positional-encodings", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /PE\(3\) · PE\(7\) = (\S+)/g)).toEqual([11.6615, 11.6615]);
    expect(numbers(output, /PE\(10\) · PE\(14\) = (\S+)/g)).toEqual([11.6615, 11.6615]);
    expect(numbers(output, /PE\(5\) · PE\(5\) = (\S+)/g)).toEqual([16, 16]);
    expect([...files.keys()].sort()).toEqual(["dot-products.svg", "halves.svg", "interleaved.svg"]);
  });

  it("3: half of the words come out backward", async () => {
    const { code, output, errors, files } = await runExample("03-training-loop", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /(\d+) of 100 words right/g)[0]).toBeGreaterThanOrEqual(50);
    expect([...files.keys()]).toEqual(["loss.svg"]);
  });

  it("4: additive attention finds the place, and its ONNX file says the same", async () => {
    const { code, output, errors, files } = await runExample("04-custom-model", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toContain("%12: float32[batch, 5, 64] = tanh(%11)");
    expect(numbers(output, /(\S+) % right answers/g)[0]).toBeGreaterThanOrEqual(90);
    expect(numbers(output, /mean weight on the right place (\d\.\d+)/g)[0]).toBeGreaterThan(0.5);
    expect(numbers(output, /(\d+) bytes\.$/gm)).toContain(files.get("look-up.onnx")?.length);
  });

  it("13: adapters make the model keep to a manner, and are exchanged without loading a program", async () => {
    const { code, output, errors, files } = await runExample("13-lora", "--quick");
    expect({ code, errors }, output).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /an adapter \d+: (\S+) %/g)).toEqual([4]);
    expect(output).toContain("Programs loaded while exchanging: 0.");
    expect(numbers(output, /^pirate +0 +(\d+)/gm)[1]).toBeGreaterThanOrEqual(80);
    expect([...files.keys()]).toContain("polite/adapter_model.safetensors");
  });

  it("14: old facts are forgotten, replay keeps most of them, and LoRA taken out all", async () => {
    const { code, output, errors } = await runExample("14-forgetting", "--quick");
    expect({ code, errors }, output).toEqual({ code: 0, errors: "" });
    const old = (name: string): number => numbers(output, new RegExp(`^${name} +(\\S+) ±`, "gm"))[0]!;
    expect(old("before")).toBeGreaterThanOrEqual(98);
    expect(old("nothing")).toBeLessThan(33);
    expect(old("replay: 8 of 32 are old")).toBeGreaterThanOrEqual(65);
    expect(old(" +its adapter taken out")).toBe(old("before"));
  });
});

it("names the examples where it does not know one", async () => {
  const { code, errors } = await runExample("06-nothing");
  expect(code).toBe(1);
  expect(errors).toContain('There is no example "06-nothing"');
  expect(errors).toContain("node examples/run.mjs 01-toy-attention");
});
