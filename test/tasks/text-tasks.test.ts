/** Tasks that read texts, end to end on tiny checkpoints: what they give is what the model's own numbers say. */
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { cosine } from "../../src/tasks/embed.ts";
import { open, type OpenTaskOptions, type TaskModels, type TaskName } from "../../src/tasks/open-task.ts";
import { spansOf } from "../../src/tasks/tag.ts";
import { trainTokenizer } from "../../src/tokens/index.ts";
import {
  bertSpecial,
  bertWords,
  checkpoint,
  drawnFolder,
  endSpecial,
  filesOf,
  here,
  plainWords,
  t5Words,
  wordTokenizer,
} from "./checkpoints.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

async function opens<T extends TaskName>(folder: Folder, task: T, options: object = {}): Promise<TaskModels[T]> {
  const given = { task, ...here, ...options } as OpenTaskOptions<T>;
  const model = await open(folder, given);
  opened.push(model);
  return model;
}

const ids = (...rows: readonly (readonly number[])[]): HostTensor => {
  return { dtype: "int32", shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) };
};
const softmax = (logits: readonly number[]): number[] => {
  const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
  return logits.map((x) => Math.exp(x) / sum);
};
const row = ({ data, shape }: HostTensor, at: number): number[] => {
  const width = shape.at(-1)!;
  return Array.from((data as Float32Array).subarray(at * width, (at + 1) * width));
};
/** Labels of classes or tokens, for configs. */
const named = (...labels: readonly string[]): Record<string, unknown> => ({
  id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
});

describe("fill", () => {
  it("gives the most probable tokens at each mask, in the text", async () => {
    const filler = await opens(await checkpoint("bert-masked-lm", bertWords), "fill");
    expect(filler.mask).toBe("[MASK]");
    const found = await filler.fill("w7 [MASK] w9 [MASK]", { top: 3 });
    const { logits } = await filler.model.forward({
      ...{
        inputIds: ids([2, 7, 4, 9, 4, 3]),
        attentionMask: ids([1, 1, 1, 1, 1, 1]),
        tokenTypeIds: ids([0, 0, 0, 0, 0, 0]),
      },
    });
    expect(found.map((one) => one.length)).toEqual([3, 3]);
    for (const [mask, at] of [2, 4].entries()) {
      const shares = softmax(row(logits, at));
      const order = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]!);
      expect(found[mask]!.map(({ id }) => id)).toEqual(order.slice(0, 3));
      for (const { id, probability } of found[mask]!) expect(probability).toBeCloseTo(shares[id]!, 5);
    }
    const [first] = found[0]!;
    expect(first!.text).toBe(`w7 ${first!.token} w9 [MASK]`);
  });

  it("refuses a text without a mask, and a tokenizer that has none", async () => {
    const filler = await opens(await checkpoint("bert-masked-lm", bertWords), "fill");
    await expect(filler.fill("w7 w8")).rejects.toThrow("The text has no mask. Write [MASK] where");
    const other = await opens(await checkpoint("bert-masked-lm", plainWords), "fill");
    await expect(other.fill("w7 [MASK]")).rejects.toThrow("This tokenizer names no mask token.");
  });

  it("knows the mask of a tokenizer.json that says nothing of it", async () => {
    const { "tokenizer.json": json } = bertWords;
    const filler = await opens(await checkpoint("bert-masked-lm", { "tokenizer.json": json! }), "fill");
    expect((await filler.fill("w7 [MASK]"))[0]).toHaveLength(5);
  });
});

describe("classify", () => {
  it("gives classes, most probable first, of texts and of pairs, the same alone and in a batch", async () => {
    const folder = await checkpoint("bert-sequence-classification", bertWords, named("bad", "so-so", "good"));
    const classifier = await opens(folder, "classify");
    expect(classifier.labels).toEqual(["bad", "so-so", "good"]);
    const inputs = ["w7 w8 w9", ["w10 w11", "w12"] as const, "w13"];
    const found = await classifier.classify(inputs);
    for (const [i, classes] of found.entries()) {
      expect(classes.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
      const scores = classes.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      const [alone] = await classifier.classify([inputs[i]!]);
      expect(alone!.map(({ label }) => label)).toEqual(classes.map(({ label }) => label));
      for (const [k, { score }] of alone!.entries()) expect(score).toBeCloseTo(classes[k]!.score, 5);
    }
    const { logits } = await classifier.model.forward({
      ...{ inputIds: ids([2, 10, 11, 3, 12, 3]), tokenTypeIds: ids([0, 0, 0, 0, 1, 1]) },
    });
    const shares = softmax(row(logits, 0));
    for (const { label, score } of found[1]!) expect(score).toBeCloseTo(shares[classifier.labels.indexOf(label)]!, 5);
  });

  it("gives each label its own probability where there may be several, and the number of a regression", async () => {
    const input = { inputIds: ids([2, 7, 8, 3]), tokenTypeIds: ids([0, 0, 0, 0]) };
    const several = await opens(await checkpoint("bert-sequence-classification-multi-label", bertWords), "classify");
    const [labels] = await several.classify(["w7 w8"]);
    const sigmoids = row((await several.model.forward(input)).logits, 0).map((x) => 1 / (1 + Math.exp(-x)));
    for (const { label, score } of labels!) expect(score).toBeCloseTo(sigmoids[several.labels.indexOf(label)]!, 5);
    const number = await opens(await checkpoint("bert-sequence-classification-regression", bertWords), "classify");
    const [[value]] = (await number.classify(["w7 w8"])) as unknown as [[{ score: number }]];
    expect(value.score).toBeCloseTo(row((await number.model.forward(input)).logits, 0)[0]!, 5);
  });

  it("pads with the config's token, by which decoders find the end of a text, not with the tokenizer's", async () => {
    const sizes = { model_type: "gpt2", vocab_size: 53, n_embd: 8, n_head: 2, n_layer: 1, n_positions: 16 };
    const files = wordTokenizer(53, { pad: ["<pad>", 5], eos: ["</s>", 1] });
    const folder = await drawnFolder({ ...sizes, pad_token_id: 0 }, "GPT2ForSequenceClassification", files);
    const classifier = await opens(folder, "classify");
    const inputs = ["w7 w8 w9 w10", "w11"];
    const together = await classifier.classify(inputs);
    for (const [i, input] of inputs.entries()) {
      const [alone] = await classifier.classify([input]);
      for (const [k, { label, score }] of alone!.entries()) {
        expect(together[i]![k]!.label).toBe(label);
        expect(together[i]![k]!.score).toBeCloseTo(score, 5);
      }
    }
  });

  it("reads texts one by one where the model has no padding to tell their ends by", async () => {
    const config = { model_type: "gpt2", vocab_size: 53, n_embd: 8, n_head: 2, n_layer: 1, n_positions: 16 };
    const folder = await drawnFolder(config, "GPT2ForSequenceClassification", plainWords);
    const classifier = await opens(folder, "classify");
    const inputs = ["w7 w8 w9 w10", "w11"];
    const together = await classifier.classify(inputs);
    for (const [i, input] of inputs.entries()) expect(together[i]).toEqual((await classifier.classify([input]))[0]);
  });
});

describe("tag", () => {
  const labels = named("O", "B-PER", "I-PER");

  it("gives each word the label of its first token, and joins words into spans", async () => {
    const text = "a cat sees a dog";
    const tokenizer = await trainTokenizer([text], { family: "bert", size: 22 });
    const folder = await checkpoint("bert-token-classification", filesOf(tokenizer), labels);
    const tagger = await opens(folder, "tag");
    const { ids: tokens, wordIds } = tokenizer.encode(text);
    expect(tokens.length).toBeGreaterThan(7);
    const words = await tagger.tag(text);
    expect(words.map((word) => word.text)).toEqual(text.split(" "));
    expect(words.map(({ start, end }) => text.slice(start, end))).toEqual(text.split(" "));
    const { logits } = await tagger.model.forward({ inputIds: ids(tokens), tokenTypeIds: ids(tokens.map(() => 0)) });
    for (const [word, { label, probability }] of words.entries()) {
      const shares = softmax(row(logits, wordIds.indexOf(word)));
      expect(probability).toBeCloseTo(Math.max(...shares), 5);
      expect(label).toBe(tagger.labels[shares.indexOf(Math.max(...shares))]);
    }
    expect(await tagger.spans(text)).toEqual(spansOf(text, words));
  });

  it("reads B- and I-, E- and S-, and plain names", () => {
    const text = "Jane Doe of Paris saw Rome";
    const spans = (...tags: readonly string[]): string[] => {
      let at = 0;
      const words = text.split(" ").map((word, i) => {
        const start = text.indexOf(word, at);
        at = start + word.length;
        return { text: word, label: tags[i]!, probability: 1 / (i + 1), start, end: at };
      });
      return spansOf(text, words).map(({ text: part, label }) => `${label}:${part}`);
    };
    expect(spans("B-PER", "I-PER", "O", "B-LOC", "O", "I-LOC")).toEqual(["PER:Jane Doe", "LOC:Paris", "LOC:Rome"]);
    expect(spans("I-PER", "B-PER", "O", "I-LOC", "I-PER", "O")).toEqual([
      "PER:Jane",
      "PER:Doe",
      "LOC:Paris",
      "PER:saw",
    ]);
    expect(spans("B-PER", "E-PER", "O", "S-LOC", "O", "S-LOC")).toEqual(["PER:Jane Doe", "LOC:Paris", "LOC:Rome"]);
    expect(spans("PER", "PER", "O", "LOC", "O", "LOC")).toEqual(["PER:Jane Doe", "LOC:Paris", "LOC:Rome"]);
    expect(spans("S-PER", "I-PER", "O", "O", "O", "O")).toEqual(["PER:Jane", "PER:Doe"]);
    expect(spans("O", "O", "O", "O", "O", "O")).toEqual([]);
  });

  it("gives a word without the blank that byte-level tokenizers count to it", async () => {
    const tokenizer = await trainTokenizer(["the cat sees the dog"], { family: "gpt2", size: 262 });
    const config = { model_type: "gpt2", vocab_size: 262, n_embd: 8, n_head: 2, n_layer: 1, ...labels };
    const tagger = await opens(await drawnFolder(config, "GPT2ForTokenClassification", filesOf(tokenizer)), "tag");
    expect((await tagger.tag("the cat  sees")).map(({ text }) => text).filter((text) => text !== "")).toEqual([
      "the",
      "cat",
      "sees",
    ]);
  });
});

describe("answer", () => {
  const question = "w7 w8";

  it("gives the part of the context with the best sum of logits", async () => {
    const answerer = await opens(await checkpoint("bert-question-answering", bertWords), "answer");
    const context = "w10 w11 w12 w13";
    const tokens = [2, 7, 8, 3, 10, 11, 12, 13, 3];
    const inputs = { inputIds: ids(tokens), tokenTypeIds: ids(tokens.map((_, i) => (i < 4 ? 0 : 1))) };
    const { startLogits, endLogits } = await answerer.model.forward(inputs);
    const [starts, ends] = [row(startLogits, 0), row(endLogits, 0)];
    const pairs = [4, 5, 6, 7].flatMap((from) =>
      [4, 5, 6, 7].filter((to) => to >= from).map((to) => ({ from, to, score: starts[from]! + ends[to]! })),
    );
    const best = pairs.toSorted((a, b) => b.score - a.score);
    const found = await answerer.answer(question, context, { top: 3 });
    const words = context.split(" ");
    expect(found.map(({ text }) => text)).toEqual(
      best.slice(0, 3).map(({ from, to }) => words.slice(from - 4, to - 3).join(" ")),
    );
    const shares = softmax(best.map(({ score }) => score));
    for (const [i, { probability, start, end, text }] of found.entries()) {
      expect(probability).toBeCloseTo(shares[i]!, 5);
      expect(context.slice(start, end)).toBe(text);
    }
    const [short] = await answerer.answer(question, context, { longestAnswer: 1 });
    expect(short!.text).toMatch(/^w\d+$/);
  });

  it("reads a long context in windows, each part with its own best score", async () => {
    const answerer = await opens(await checkpoint("bert-question-answering", bertWords), "answer");
    const context = Array.from({ length: 20 }, (_, i) => `w${10 + i}`).join(" ");
    // 11 positions less [CLS] w7 w8 [SEP] … [SEP] leave windows of 6 words, which overlap by 3.
    const all = await answerer.answer(question, context, { top: 1000, stride: 100 });
    expect(new Set(all.map(({ start, end }) => `${start} ${end}`)).size).toBe(all.length);
    const reach = all.map(({ text }) => text.split(" ").length);
    expect(Math.max(...reach)).toBe(6);
    for (const word of context.split(" ")) expect(all.some(({ text }) => text === word)).toBe(true);
    expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
    const apart = await answerer.answer(question, context, { top: 1000, stride: 0 });
    // Without an overlap nothing lies across the borders of the windows.
    expect(apart.some(({ text }) => text === "w15 w16")).toBe(false);
    expect(all.some(({ text }) => text === "w15 w16")).toBe(true);
  });

  it("refuses what leaves nothing to look for", async () => {
    const answerer = await opens(await checkpoint("bert-question-answering", bertWords), "answer");
    await expect(answerer.answer("  ", "w7")).rejects.toThrow("There is no question");
    await expect(answerer.answer("w7", " ")).rejects.toThrow("There is no text to find the answer in.");
    const long = Array<string>(12).fill("w7").join(" ");
    await expect(answerer.answer(long, "w8")).rejects.toThrow(
      "The question alone fills the 11 tokens that the model reads.",
    );
  });
});

describe("embed", () => {
  const modules = (...types: readonly string[]): string =>
    JSON.stringify(
      types.map((type, idx) => {
        return {
          idx,
          name: String(idx),
          path: idx === 0 ? "" : `${idx}_${type}`,
          type: `sentence_transformers.models.${type}`,
        };
      }),
    );
  const inputs = ["w7 w8 w9", "w10", "w11 w12"];

  it("pools as the folder says, in batches of like length, in the order of the texts", async () => {
    for (const [mode, pooling] of [
      ["cls_token", "class"],
      ["mean_tokens", "mean"],
      ["lasttoken", "last"],
    ] as const) {
      const folder = await checkpoint("bert-model", {
        ...bertWords,
        "modules.json": modules("Transformer", "Pooling"),
        "1_Pooling/config.json": JSON.stringify({ word_embedding_dimension: 15, [`pooling_mode_${mode}`]: true }),
      });
      const embedder = await opens(folder, "embed");
      const vectors = await embedder.embed(inputs, { batch: 2 });
      const { lastHiddenState } = await embedder.model.forward({
        ...{ inputIds: ids([2, 7, 8, 9, 3]), tokenTypeIds: ids([0, 0, 0, 0, 0]) },
      });
      const states = [0, 1, 2, 3, 4].map((at) => row(lastHiddenState!, at));
      const mean = states[0]!.map((_, i) => states.reduce((sum, state) => sum + state[i]! / 5, 0));
      const expected = { class: states[0]!, last: states[4]!, mean }[pooling];
      for (const [i, value] of vectors[0]!.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
      const alone = await embedder.embed([inputs[1]!]);
      for (const [i, value] of vectors[1]!.entries()) expect(value).toBeCloseTo(alone[0]![i]!, 4);
      expect(await embedder.embed(inputs, { pooling, batch: 2 })).toEqual(vectors);
    }
  });

  it("divides by the length where the folder says so, or says nothing", async () => {
    const norm = (vector: Float32Array): number => Math.hypot(...vector);
    const plain = await opens(await checkpoint("bert-model", bertWords), "embed");
    for (const vector of await plain.embed(inputs)) expect(norm(vector)).toBeCloseTo(1, 5);
    const [raw] = await plain.embed(inputs, { normalize: false });
    expect(norm(raw!)).not.toBeCloseTo(1, 1);
    const files = { "1_Pooling/config.json": '{"pooling_mode_mean_tokens": true}' };
    for (const [last, length] of [
      ["Normalize", 1],
      [undefined, norm(raw!)],
    ] as const) {
      const list = modules("Transformer", "Pooling", ...(last === undefined ? [] : [last]));
      const folder = await checkpoint("bert-model", { ...bertWords, ...files, "modules.json": list });
      const embedder = await opens(folder, "embed");
      expect(norm((await embedder.embed(inputs))[0]!)).toBeCloseTo(length, 4);
      const saved = memoryFolder();
      await embedder.save(saved);
      expect(await (await opens(saved, "embed")).embed(inputs)).toEqual(await embedder.embed(inputs));
    }
  });

  it("reads no more tokens than the folder says, and cuts only if asked to", async () => {
    const folder = await checkpoint("bert-model", {
      ...bertWords,
      "modules.json": modules("Transformer", "Pooling"),
      "sentence_bert_config.json": '{"max_seq_length": 4}',
    });
    const embedder = await opens(folder, "embed");
    await expect(embedder.embed(["w10", "w7 w8 w9"])).rejects.toThrow(
      'Text 2 has 5 tokens; this model reads at most 4. Split it, or have it cut off (truncate): "w7 w8 w9…"',
    );
    expect(await embedder.embed(["w7 w8 w9"], { truncate: true })).toEqual(await embedder.embed(["w7 w8"]));
  });

  it("refuses what it would have to approximate", async () => {
    const of = async (list: string, pooling: object): Promise<unknown> => {
      const files = { ...bertWords, "modules.json": list, "1_Pooling/config.json": JSON.stringify(pooling) };
      return (await opens(await checkpoint("bert-model", files), "embed")).embed(inputs);
    };
    await expect(of(modules("Transformer", "Pooling", "Dense"), {})).rejects.toThrow(
      "has a module sentence_transformers.models.Dense; this version makes vectors by Transformer, Pooling and Normalize",
    );
    await expect(of(modules("Transformer", "Pooling"), { pooling_mode_max_tokens: true })).rejects.toThrow(
      "asks for pooling_mode_max_tokens",
    );
    const both = { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true };
    await expect(of(modules("Transformer", "Pooling"), both)).rejects.toThrow("one at a time");
  });

  it("reads the bodies of checkpoints with heads, without a pooler, and T5's encoder alone", async () => {
    const masked = await opens(await checkpoint("bert-masked-lm", bertWords), "embed");
    expect((await masked.embed(inputs))[0]).toHaveLength(15);
    const t5 = await opens(await checkpoint("t5-conditional-generation", t5Words), "embed");
    expect(t5.model.architecture.className).toBe("T5EncoderModel");
    expect((await t5.embed(inputs))[0]).toHaveLength(12);
    await expect(open(await checkpoint("marian-model", plainWords), { task: "embed", ...here })).rejects.toThrow(
      "marian has no head for features that reads inputIds alone.",
    );
  });

  it("has nothing to say of no texts, and of a text without tokens", async () => {
    const embedder = await opens(await checkpoint("gpt2-model", wordTokenizer(53, endSpecial)), "embed");
    await expect(embedder.embed([])).rejects.toThrow(InputError);
    await expect(embedder.embed(["w7", ""])).rejects.toThrow("Text 2 is empty: it has no token.");
  });

  it("measures nearness by the cosine", () => {
    expect(cosine(Float32Array.of(1, 2), Float32Array.of(2, 4))).toBeCloseTo(1, 6);
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(0, 3))).toBe(0);
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(0, 3))).toBe(0);
  });
});

describe("read", () => {
  it("gives any tensor of a text, of whatever head there is", async () => {
    const reader = await opens(await checkpoint("bert-pretraining", bertWords), "read");
    const results = await reader.read([["w7 w8", "w9"]], { outputs: ["attentions", "predictionLogits"] });
    expect([...results.keys()]).toEqual(["attentions.0", "attentions.1", "predictionLogits"]);
    expect(results.get("attentions.0")!.shape).toEqual([1, 3, 6, 6]);
    const { attentions, hiddenStates, seqRelationshipLogits } = await reader.forward(["w7"], { hiddenStates: true });
    expect([attentions.length, hiddenStates.length, seqRelationshipLogits!.shape]).toEqual([0, 3, [1, 2]]);
    const saved = memoryFolder();
    await reader.save(saved);
    const again = await opens(saved, "read");
    expect([...(await again.read(["w7"])).values()]).toEqual([...(await reader.read(["w7"])).values()]);
    expect(Object.keys(bertSpecial)).toHaveLength(5);
  });
});
