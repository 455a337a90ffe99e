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

  it("11: names that were never seen are found", async () => {
    const { code, output, errors } = await runExample("11-names", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /entity F1 (\S+), of a list of the training's names 0\.0000/g)[0]).toBeGreaterThanOrEqual(
      0.6,
    );
  });

  it("12: some answers are found", async () => {
    const { code, output, errors } = await runExample("12-answers", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /exact match (\S+) %/g)[0]).toBeGreaterThanOrEqual(5);
  });
});

it("names the examples where it does not know one", async () => {
  const { code, errors } = await runExample("06-nothing");
  expect(code).toBe(1);
  expect(errors).toContain('There is no example "06-nothing"');
  expect(errors).toContain("node examples/run.mjs 01-toy-attention");
});
