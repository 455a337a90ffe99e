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

  it("6: a word that is hidden costs less than a guess by frequency", async () => {
    const { code, output, errors } = await runExample("06-masked-words", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const [nats, guess] = /(\S+) nats for each hidden word; the guess costs (\S+)\./.exec(output)!.slice(1).map(Number);
    expect(nats).toBeLessThan(guess! - 0.5);
    expect(output).toContain("Jane visits [MASK] in September.");
  });

  it("7: the next character costs less than behind counts of one", async () => {
    const { code, output, errors } = await runExample("07-next-characters", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const [nats, one] = /(\S+) nats a character; counts of one character before give ([\d.]+),/.exec(output)!.slice(1).map(Number); // prettier-ignore
    expect(nats).toBeLessThan(one!);
  });

  it("19: two ranks have the losses of one process, or mpirun is missing", async () => {
    const { code, output, errors } = await runExample("19-two-processes", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toMatch(/^1 process: loss \d\.\d{4}, after 20 updates/);
    expect(output).toMatch(/mpirun is not here|2 ranks over Open MPI [^]*differ by at most [^]*Reached\./);
  });

  it("16: instructions are learned, and answered by the folder that comes out", async () => {
    const { code, output, errors, files } = await runExample("16-instructions", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /held-out instructions: (\S+) % before/g)[0]).toBeLessThanOrEqual(5);
    expect([...files.keys()].sort()).toEqual(["sentences.jsonl", "test.jsonl", "train.jsonl"]);
  });

  it("17: what words mean is read in the prompt, and no weight changes", async () => {
    const { code, output, errors, files } = await runExample("17-few-shot", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toMatch(/Parameters: (\w{16}) before, \1 after/);
    const [from, to] = /From (\S+) % to (\S+) %/.exec(output)!.slice(1).map(Number);
    expect(to).toBeGreaterThan(from!);
    expect([...files.keys()]).toEqual(["few-shot.svg"]);
  });

  it("15: a reward model, DPO and PPO say what they come to", async () => {
    const { code, output, errors, files } = await runExample("15-preferences", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /orders (\S+) % of held-out pairs right/g)).toHaveLength(1);
    expect(numbers(output, /^(?:DPO|PPO) +\S+ +\S+ ± \S+ +(\S+) +\S+ times$/gm)).toHaveLength(2);
    expect(output).toMatch(/^ppo +\w+ asks : where is the /m);
    expect([...files.keys()]).toContain("pairs.jsonl");
  });

  it("18: a student learns from a teacher", async () => {
    const { code, output, errors } = await runExample("18-distillation", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toMatch(/[\d.]+ times as fast as the teacher/);
    expect(numbers(output, /(\S+) % of its teacher's/g)[0]).toBeGreaterThan(30);
  });

  it("8: what is missing costs less than a guess by frequency", async () => {
    const { code, output, errors } = await runExample("08-denoising", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const [bart, t5] = numbers(output, /(\S+) nats a token; the guess/g);
    const [first, second] = numbers(output, /the guess costs ([\d.]+)\./g);
    expect(bart).toBeLessThan(first! - 0.5);
    expect(t5).toBeLessThan(second! - 0.5);
    expect(output).toContain("Jane visits <mask> in September.  →");
  });

  it("9: two models share their embeddings, and tokens are judged", async () => {
    const { code, output, errors, files } = await runExample("09-replaced-tokens", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /(\S+) % of the tokens judged right;/g)[0]).toBeGreaterThan(85);
    expect([...files.keys()]).toEqual(expect.arrayContaining(["model.safetensors", "run.json"]));
  });

  it("10: some sentences find their translations", async () => {
    const { code, output, errors } = await runExample("10-sentence-vectors", "--quick");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const [trained, fresh] = numbers(output, /(\S+) % (?:found first,|by a fresh)/g);
    expect(trained).toBeGreaterThan(fresh!);
  });

  it("13: adapters make the model keep to a manner, and are exchanged without loading a program", async () => {
    const { code, output, errors } = await runExample("13-lora", "--quick");
    expect({ code, errors }, output).toEqual({ code: 0, errors: "" });
    expect(numbers(output, /an adapter \d+: (\S+) %/g)).toEqual([4]);
    expect(output).toContain("Programs loaded while exchanging: 0.");
    expect(numbers(output, /^pirate +0 +(\d+)/gm)[1]).toBeGreaterThanOrEqual(80);
  });

  it("14: old facts are forgotten, replay keeps most of them, and LoRA taken out all", async () => {
    const { code, output, errors } = await runExample("14-forgetting", "--quick");
    expect({ code, errors }, output).toEqual({ code: 0, errors: "" });
    const old = (name: string): number => numbers(output, new RegExp(`^${name} +(\\S+) ±`, "gm"))[0]!;
    expect(old("before")).toBeGreaterThanOrEqual(97);
    expect(old("nothing")).toBeLessThan(33);
    expect(old("replay: 8 of 32 are old")).toBeGreaterThanOrEqual(65);
    expect(old(" +its adapter taken out")).toBe(old("before"));
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
  const { code, errors } = await runExample("99-nothing");
  expect(code).toBe(1);
  expect(errors).toContain('There is no example "99-nothing"');
  expect(errors).toContain("node examples/run.mjs 01-toy-attention");
});
