/** The queries of "why": what they say in words, and that what is wrong is refused in a sentence. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import {
  decodeAnswer,
  encodeAnswer,
  modelSubject,
  openSubject,
  queries,
  ask,
  type Subject,
} from "../../src/inspect/index.ts";
import { openModel } from "../../src/tasks/open.ts";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { bertSpecial, checkpoint, here, wordTokenizer } from "../tasks/checkpoints.ts";

const open = (name: string): Promise<Subject> => openSubject(diskFolder(`test/families/${name}`), here);
const ids = [5, 9, 13, 7, 21, 11];
const opened: Subject[] = [];
let [gpt2, bart, vit, bert] = [] as unknown as [Subject, Subject, Subject, Subject];
beforeAll(async () => {
  gpt2 = await open("gpt2-causal-lm");
  bart = await open("bart-conditional-generation");
  vit = await open("vit-image-classification");
  const form = { single: "[CLS] A [SEP]", pair: "[CLS] A [SEP] B:1 [SEP]:1" };
  const folder = await checkpoint("bert-masked-lm", wordTokenizer(53, bertSpecial, form));
  const model = await openModel(folder, here);
  bert = modelSubject(model, await openFolderTokenizer(folder, model.architecture.modelType), folder);
  opened.push(gpt2, bart, vit, bert);
});
afterAll(async () => {
  for (const subject of opened) await subject.dispose();
});

describe("the answer that is asked about", () => {
  it("is the best one at the masked place", async () => {
    const { answer, read } = await ask(queries.lens, bert, { text: "w7 [MASK] w9 w12" });
    expect(read).toEqual(["[CLS]", "w7", "[MASK]", "w9", "w12", "[SEP]"]);
    expect(answer).toMatchObject({ position: 2, each: "token", output: "logits" });
    expect(answer.text).toBe(answer.best[0]!.text);
    expect(answer.probability).toBe(answer.best[0]!.probability);
  });

  it("is named by text or number, alone or against another", async () => {
    const text = "w7 [MASK] w9 w12";
    const by = async (answer: object) => (await ask(queries.attribution, bert, { text, answer })).answer;
    const named = await by({ token: "w20" });
    expect(named).toMatchObject({ index: 20, text: "w20" });
    expect(await by({ token: 20 })).toEqual(named);
    const other = await by({ token: "w21" });
    const both = await by({ token: "w20", against: "w21" });
    expect(both.against).toEqual({ index: 21, text: "w21" });
    expect(both.logit).toBeCloseTo(named.logit - other.logit, 5);
  });

  it("is a label of a classifier", async () => {
    const { answer } = await ask(queries.saliency, vit, { answer: { label: "LABEL_3" } });
    expect(answer).toMatchObject({ each: "row", index: 3, text: "LABEL_3" });
  });

  it.each([
    [{ token: 99 }, "The answer 99 is not one of the 53"],
    [{ position: 20 }, "Position 20 is not one of the 6 tokens"],
    [{ token: "w7" }, 'scores no "w7". Give its number.'],
    [{ output: "logit" }, 'Did you mean "logits"?'],
    [{ position: 1.5 }, "answer.position is not as expected"],
  ])("refuses %j", async (answer, message) => {
    await expect(ask(queries.lens, gpt2, { ids, answer })).rejects.toThrow(message);
  });

  it("refuses a label that there is not, with those that there are", async () => {
    const asked = ask(queries.lens, vit, { answer: { label: "cat" } });
    await expect(asked).rejects.toThrow('scores no "cat". It has LABEL_0, LABEL_1');
  });
});

describe("maps", () => {
  it("of heads of every layer, and of what else can be taken out", async () => {
    const sizes = async (subject: Subject, question: object) => {
      const { rows, columns, tensors, answers } = await ask(queries.ablation, subject, { ids, ...question });
      expect(tensors.divergence.shape).toEqual([rows.length, columns.length]);
      expect(answers).toHaveLength(rows.length * columns.length);
      return { rows, columns };
    };
    expect(await sizes(gpt2, {})).toEqual({
      rows: ["layer 1", "layer 2"],
      columns: ["head 1", "head 2", "head 3", "head 4"],
    });
    expect((await sizes(bart, { what: "parts" })).columns).toEqual(["attention", "cross-attention", "feed-forward"]);
    expect((await sizes(gpt2, { what: "layers", method: "mean" })).columns).toEqual(["skipped"]);
    expect((await sizes(gpt2, { what: "positions" })).columns).toEqual(ids.map(String));
    const patches = await sizes(vit, { what: "positions" });
    expect(patches.columns).toHaveLength(10);
    await expect(ask(queries.ablation, gpt2, { ids, group: "crossAttentions" })).rejects.toThrow("it has attentions");
  });

  it("of patches bring the clean answer back where the words differ", async () => {
    const corrupted = { ids: [5, 9, 30, 7, 21, 11] };
    const { rows, columns, tensors, clean, corrupted: other } = await ask(queries.patching, gpt2, { ids, corrupted });
    expect(rows).toEqual(["layer 1", "layer 2", "behind the last"]);
    expect(columns).toEqual(ids.map(String));
    expect(clean.logit).not.toBeCloseTo(other.logit, 3);
    const restored = Array.from(tensors.restored.data);
    // In front of the first layer only the token that differs does; behind the last only the asked place.
    expect(restored.slice(0, 6).map((share) => Number(share.toFixed(3)) + 0)).toEqual([0, 0, 1, 0, 0, 0]);
    expect(restored.slice(12).map((share) => Number(share.toFixed(3)) + 0)).toEqual([0, 0, 0, 0, 0, 1]);
    const heads = await ask(queries.patching, gpt2, { ids, corrupted, what: "heads" });
    expect(heads.tensors.restored.shape).toEqual([2, 4]);
    await expect(ask(queries.patching, gpt2, { ids, corrupted: { ids: [4, 5] } })).rejects.toThrow("as many in both");
  });

  it("of a source that differs are the encoder's", async () => {
    const corrupted = { ids: [5, 9, 30, 7, 21, 11] };
    const { of, tensors } = await ask(queries.patching, bart, { ids, corrupted });
    expect(of).toBe("encoderHiddenStates");
    expect(tensors.restored.data[2]).not.toBeCloseTo(0, 3);
  });
});

describe("salience", () => {
  it("is of source and target, and of patches in a grid", async () => {
    const pair = await ask(queries.saliency, bart, { ids, methods: ["gradient"] });
    expect(pair.sides.map(({ side }) => side)).toEqual(["source", "target"]);
    expect(pair.methods[0]!.values.map((values) => values.length)).toEqual([6, 6]);
    const image = await ask(queries.saliency, vit, { steps: 4 });
    expect(image.sides[0]).toMatchObject({ side: "image", grid: { rows: 3, columns: 3 } });
    expect(image.methods.map(({ method }) => method)).toEqual(["gradient", "gradient-x-input", "integrated-gradients"]);
    expect(image.methods[0]!.values[0]!.every((value) => value >= 0)).toBe(true);
  });

  it("tells how far it is, and stops", async () => {
    const told: number[] = [];
    const progress = (done: number): void => void told.push(done);
    await ask(queries.saliency, gpt2, { ids, methods: ["integrated-gradients"], steps: 62 }, { progress });
    expect(told).toEqual([0, 32, 64]);
    const stop = { aborted: true };
    await expect(ask(queries.saliency, gpt2, { ids }, { stop })).rejects.toThrow("stopped");
  });
});

describe("rollout", () => {
  it("of the last layer stands beside its attention", async () => {
    const { layer, layers, tensors, rows } = await ask(queries.rollout, gpt2, { ids });
    expect([layer, layers]).toEqual([1, 2]);
    expect(rows).toEqual(ids.map(String));
    for (const { data } of [tensors.mixes, tensors.attention]) {
      const first = Array.from(data as Float32Array).slice(0, 6);
      expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      expect(first.slice(1).every((value) => value < 1e-6)).toBe(true);
    }
    await expect(ask(queries.rollout, gpt2, { ids, layer: 5 })).rejects.toThrow("layers 1 to 2; layer 6");
  });

  it("has the attention flow into a token beside it", async () => {
    const { flow } = await ask(queries.rollout, gpt2, { ids, flow: 3 });
    expect(flow!.slice(4)).toEqual([0, 0]);
    expect(flow!.slice(0, 4).every((value) => value > 0 && value <= 1)).toBe(true);
    await expect(ask(queries.rollout, gpt2, { ids, flow: 6 })).rejects.toThrow("Token 7 is not one of the 6");
    await expect(ask(queries.rollout, bart, { ids, flow: 1 })).rejects.toThrow("no self-attention");
  });

  it("travels as bytes", async () => {
    const answer = await ask(queries.rollout, bart, { ids });
    expect(await decodeAnswer(await encodeAnswer(answer))).toEqual(JSON.parse(JSON.stringify(answer), revive(answer)));
  });
});

/** Tensors stay what they are in what is compared. */
const revive = (answer: { readonly tensors: object }) =>
  function (this: unknown, key: string, value: unknown): unknown {
    return key === "tensors" ? answer.tensors : value;
  };
