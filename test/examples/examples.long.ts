import { describe, expect, it } from "vitest";
import { numbers, runExample } from "./run-example.ts";

describe("the examples in full", () => {
  it.each([1, 6, 11])("1: five seeds from %i on all find who ordered", async (seed) => {
    const { code, output, errors } = await runExample("01-toy-attention", "--seed", String(seed));
    expect(code, output + errors).toBe(0);
    expect(output.match(/man ordered the → chicken, /g)).toHaveLength(5);
    expect(output.match(/woman ordered the → beef, /g)).toHaveLength(5);
    const weights = numbers(output, /looks at "(?:wo)?man" with (\d\.\d+)/g);
    expect(weights).toHaveLength(10);
    expect(Math.min(...weights)).toBeGreaterThan(0.5);
  });

  it("2: equal distances have equal dot products", async () => {
    const { code, output, errors } = await runExample("02-positional-encodings");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /PE\(3\) · PE\(7\) = (\S+)/g)).toEqual([23.9344, 23.9344]);
    expect(numbers(output, /PE\(5\) · PE\(5\) = (\S+)/g)).toEqual([32, 32]);
  });

  it("3: at least 95 of 100 words come out backward", async () => {
    const { code, output, errors } = await runExample("03-training-loop");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\d+) of 100 words right/g)[0]).toBeGreaterThanOrEqual(95);
    expect(output).toContain("backward → drawkcab");
  });

  it("13: nine of ten sentences are in the manner of the adapter", async () => {
    const { code, output, errors } = await runExample("13-lora");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /^pirate +0 +(\d+)/gm)[0]).toBeGreaterThanOrEqual(90);
    expect(numbers(output, /^polite +\d+ +0 +(\d+)/gm)[0]).toBeGreaterThanOrEqual(90);
  });

  it("14: forgetting, and what lessens it, over three seeds", async () => {
    const { code, output, errors } = await runExample("14-forgetting");
    expect(code, output + errors).toBe(0);
    expect(output).toMatch(/^a rate of a tenth +\d/m);
  });

  it("4: additive attention is right 99 times of 100", async () => {
    const { code, output, errors } = await runExample("04-custom-model");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) % right answers/g)[0]).toBeGreaterThanOrEqual(99);
    expect(numbers(output, /mean weight on the right place (\d\.\d+)/g)[0]).toBeGreaterThan(0.9);
  });

  it("6: hidden words are told, with countries and months in their places", async () => {
    const { code, output, errors } = await runExample("06-masked-words");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) nats for each hidden word/g)[0]).toBeLessThan(1.9);
  });

  it("7: the next character costs less than behind counts of five", async () => {
    const { code, output, errors } = await runExample("07-next-characters");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) nats a character;/g)[0]).toBeLessThan(0.77);
  });

  it("19: two ranks have the losses of one process over 200 updates, or mpirun is missing", async () => {
    const { code, output, errors } = await runExample("19-two-processes");
    expect(code, output + errors).toBe(0);
    expect(output).toMatch(/mpirun is not here|Reached\./);
  });

  it("16: eight of ten held-out instructions are answered exactly", async () => {
    const { code, output, errors } = await runExample("16-instructions");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) % after\./g)[0]).toBeGreaterThanOrEqual(80);
  });

  it("17: with sixteen shots the model knows nearly all words", async () => {
    const { code, output, errors } = await runExample("17-few-shot");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, / % to (\S+) %/g)[0]).toBeGreaterThanOrEqual(85);
  });

  it("15: DPO and PPO raise the reward near the base model", async () => {
    // How near PPO stays depends on an engine's rounding; the example says itself whether it did.
    const { output } = await runExample("15-preferences");
    expect(numbers(output, /orders (\S+) % of held-out pairs right/g)[0]).toBeGreaterThanOrEqual(95);
    const found = [...output.matchAll(/^(?:DPO|PPO) +\S+ +(\S+) ± (\S+) +(\S+) +(\S+) times$/gm)];
    expect(found).toHaveLength(2);
    const [direct, proximal] = found.map((match) => match.slice(1).map(Number));
    for (const [gain, error] of [direct!, proximal!]) expect(gain).toBeGreaterThan(2 * error!);
    expect(direct![2]).toBeLessThanOrEqual(0.1);
    expect(direct![3]).toBeLessThanOrEqual(1.2);
  });

  it("18: a student keeps 97 % of its teacher, and is above the same student alone", async () => {
    const { code, output, errors } = await runExample("18-distillation");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) % of its teacher's/g)[0]).toBeGreaterThanOrEqual(97);
    expect(numbers(output, /(\S+) points above/g)[0]).toBeGreaterThanOrEqual(5);
  });

  it("8: what is missing is written, far below the guess", async () => {
    const { code, output, errors } = await runExample("08-denoising");
    expect(code, output + errors).toBe(0);
    const [losses, guesses] = [numbers(output, /(\S+) nats a token; the guess/g), numbers(output, /costs ([\d.]+)\./g)];
    for (const [i, loss] of losses.entries()) expect(loss).toBeLessThan(guesses[i]! - [4, 1][i]!);
  });

  it("9: replaced tokens are told, above taking all for originals", async () => {
    // Whether it is a whole point depends on an engine's rounding; the example says itself whether it was.
    const { output } = await runExample("09-replaced-tokens");
    const [right, most] = numbers(output, /([\d.]+) %(?: of the tokens judged right;|\.$)/gm);
    expect(right, output).toBeGreaterThan(most!);
  });

  it("10: sentences find their translations", async () => {
    const { code, output, errors } = await runExample("10-sentence-vectors");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /(\S+) % found first,/g)[0]).toBeGreaterThan(99);
  });

  it("11: names that were never seen are found", async () => {
    const { code, output, errors } = await runExample("11-names");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /entity F1 (\S+),/g)[0]).toBeGreaterThanOrEqual(0.95);
  });

  it("12: answers about names that were never seen are found", async () => {
    const { code, output, errors } = await runExample("12-answers");
    expect(code, output + errors).toBe(0);
    expect(numbers(output, /exact match (\S+) %/g)[0]).toBeGreaterThanOrEqual(90);
  });
});
