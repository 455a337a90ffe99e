/**
 * What the public types allow and what they refuse. `tsc -p tsconfig.json` reads this file; nothing runs it. A line that
 * must not compile stands under `@ts-expect-error`, which is an error itself where the line compiles.
 */
/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access -- what is not there has no type */
import {
  attentionOf,
  bleu,
  createEngine,
  createModel,
  diskFolder,
  lossOf,
  fetchFolder,
  open,
  openModel,
  openTranslatorFolder,
  random,
  Run,
  saveModel,
  textPairs,
  train,
  trainBpe,
  Trainer,
  transformerParts,
  Translator,
  verify,
  type Family,
  type Filling,
  type Folder,
  type MaskFiller,
  type Model,
  type Objective,
  type ReadableFolder,
  type Step,
  type StopSignal,
  type TextTranslator,
  type TextModel,
  type TrainOptions,
  type Translation,
  type TransformerPreset,
  type TranslatorAttention,
} from "../../src/index.ts";
import { dimension, input, type Tensor } from "../../src/graph/index.ts";
import {
  activation,
  causalInputs,
  choice,
  configReader,
  count,
  family,
  head,
  tokenLabels,
  type ConfigOf,
} from "../../src/models/index.ts";
import { embedding, linear, type Scope } from "../../src/nn/index.ts";

/** Whether each of two types takes the other. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
const isSame = <A, B>(same: Same<A, B>, a?: A, b?: B): unknown => [same, a, b];

declare const model: Translator;
declare const pairs: { source: string; target: string }[];

export async function translators(): Promise<void> {
  isSame<Awaited<ReturnType<typeof Translator.create>>, Translator>(true);
  await Translator.create(pairs, { preset: "tiny", layers: 2, model: { normalization: "pre", dropout: undefined } });
  // @ts-expect-error -- no preset of this name
  await Translator.create(pairs, { preset: "tinny" });
  // @ts-expect-error -- no such key
  await Translator.create(pairs, { layrs: 2 });
  // @ts-expect-error -- no such choice
  await Translator.create(pairs, { model: { normalization: "both" } });
  // @ts-expect-error -- pairs have both sides
  await Translator.create([{ source: "a" }]);
  // @ts-expect-error -- a path is no folder
  await Translator.open("runs/fr-en");
  await Translator.open(diskFolder("runs/fr-en"), { threads: 1 });
  const readable: ReadableFolder = fetchFolder("https://example.org/model/");
  await Translator.open(readable);
  // @ts-expect-error -- saving needs a folder that can be written
  await model.save(readable);
  // @ts-expect-error -- its parts cannot be replaced
  model.config = model.config;
  // @ts-expect-error -- nor a value of its config
  model.config.width = 3;
}

export async function translating(): Promise<void> {
  isSame<Translation, Translation[]>(false);
  const one: Translation = await model.translate("a sentence", { beams: 5 });
  const several: Translation[] = await model.translate(["a", "b"]);
  one.text.concat(...several.map(({ text }) => text));
  // @ts-expect-error -- a number is no sentence
  await model.translate(3);
  // @ts-expect-error -- it is called beams
  await model.translate("a", { beam: 5 });
  // @ts-expect-error -- an array of sentences has several translations
  const single: Translation = await model.translate(["a"]);
  single.text.trim();
  const found: TranslatorAttention = await attentionOf(model, "a", { kind: "cross", target: "b" });
  found.layers.map(({ shape }) => shape);
  // @ts-expect-error -- no such attention
  await attentionOf(model, "a", { kind: "crss" });
}

export async function checkpoints(folder: Folder): Promise<void> {
  isSame<MaskFiller, TextModel>(false);
  const filler: MaskFiller = await open("DIR", { task: "fill" });
  const filled: Filling[][] = await filler.fill("Paris is the [MASK] of France.", { top: 3 });
  filled[0]?.[0]?.probability.toFixed();
  const converter: TextTranslator = await open(folder, { task: "translate", threads: 1 });
  converter.tokenizer.encode("a");
  // @ts-expect-error -- what converts does not fill in
  const missing: keyof typeof converter = "fill";
  // @ts-expect-error -- no such task
  await open("DIR", { task: "fil" });
  const plain: Model = await open("DIR", { families: [ownFamily] });
  // @ts-expect-error -- without a task there is no tokenizer
  const absent: keyof typeof plain = "tokenizer";
  const results = await plain.run({ inputIds: { dtype: "int32", shape: [1, 1], data: Int32Array.of(1) } });
  // @ts-expect-error -- an output may be absent
  results.get("logits").shape.concat(1);
  // @ts-expect-error -- an input has a dtype
  await plain.run({ inputIds: [[1]] });
  const found = await verify(folder, { tolerance: 1e-3, families: [ownFamily] });
  found.rows.map(({ name, ok, difference = 0 }) => [name, ok, difference]);
  // @ts-expect-error -- rows are for reading
  found.rows[0]!.ok = true;
  const objective: Objective = lossOf(plain.architecture, ["inputIds", "labels"]);
  objective.name.trim();
  isSame<typeof missing | typeof absent, string>(false, missing, absent);
  await saveModel(await createModel("bert-base", { seed: 3 }), folder);
  // @ts-expect-error -- saving needs a folder that can be written
  await saveModel(plain, fetchFolder("https://example.org/model/"));
}

const fields = {
  vocabulary: count("vocab_size", 50),
  width: count(["hidden_size", "d_model"], 8),
  activation: activation("hidden_act", "gelu"),
  order: choice("norm_order", ["pre", "post"], "post"),
};
type OwnConfig = ConfigOf<typeof fields>;
isSame<OwnConfig["order"], "pre" | "post">(true);
// @ts-expect-error -- the default is one of the choices
choice("norm_order", ["pre", "post"], "both");

const of = head<OwnConfig>();
export const ownFamily: Family = family<OwnConfig>({
  modelType: "own",
  config: configReader("Own", fields),
  heads: {
    OwnForCausalLM: of({
      task: "causal-lm",
      inputs: { ...causalInputs, ...tokenLabels },
      compute: (scope, config, { inputIds, labels, attentionMask, ...others }) => {
        const x: Tensor = embedding(scope.at("words"), inputIds, config.vocabulary, config.width);
        // @ts-expect-error -- labels may be absent
        labels.shape.concat();
        // @ts-expect-error -- not among the inputs that are declared
        const undeclared: keyof typeof others = "pixelValues";
        scope.record(undeclared, others.positionIds ?? attentionMask ?? x);
        return { logits: linear(scope.at("out"), x, config.vocabulary) };
      },
    }),
    // @ts-expect-error -- no such task
    OwnForNothing: of({ task: "nothing", inputs: causalInputs, compute: () => ({}) }),
  },
  // @ts-expect-error -- no such key of the config
  presets: { small: { widht: 4 } },
});

export async function training(folder: Folder): Promise<void> {
  const options: TrainOptions = {
    updates: 3,
    optimizer: "adamw",
    schedule: "cosine",
    signal: new AbortController().signal,
  };
  for await (const step of train(model, pairs, options)) {
    isSame<typeof step, Step>(true);
    // @ts-expect-error -- not every update is followed by a validation
    step.validation["nats"].toFixed();
  }
  // @ts-expect-error -- no such optimizer
  train(model, pairs, { optimizer: "adan" });
  // @ts-expect-error -- no such schedule
  train(model, pairs, { schedule: "cosin" });
  // @ts-expect-error -- minutes are a number
  train(model, pairs, { minutes: "3" });
  const signal: StopSignal = { aborted: false };
  // @ts-expect-error -- a signal is for reading
  signal.aborted = true;
  // @ts-expect-error -- whether it resumes must be said
  await Run.open({ folder, settings: {}, warn: () => undefined });
  // @ts-expect-error -- runs are opened, not made
  new Run();
}

export async function engines(options: Parameters<typeof Trainer.create>[2]): Promise<void> {
  const engine = await createEngine({ engine: "wasm", threads: 1 });
  // @ts-expect-error -- no such engine
  await createEngine({ engine: "cuda-please" });
  // @ts-expect-error -- dtypes are named
  await engine.allocate("x", "float", 3);
  const objective: Objective = (scope) => ({ loss: scope.parameter("w", [1], { kind: "zeros" }).sum() });
  const cost = (scope: Scope) => ({ cost: scope.parameter("w", [1], { kind: "zeros" }).sum() });
  // @ts-expect-error -- an objective has a loss
  await Trainer.create(engine, cost, options);
  await Trainer.create(engine, objective, options);
  // @ts-expect-error -- a trainer needs an optimizer and a seed
  await Trainer.create(engine, objective, {});
}

export function graphs(): Tensor {
  const x = input("x", "float32", [dimension("batch"), 3]);
  // @ts-expect-error -- no such dtype
  input("x", "float33", [3]);
  // @ts-expect-error -- a shape is a list
  input("x", "float32", 3);
  // @ts-expect-error -- a text is no operand
  x.add("1");
  return x.add(1).matmul(input("w", "float32", [3, 4]));
}

export async function measuring(): Promise<void> {
  bleu(["a"], [["b"]], { tokenize: "13a" }).score.toFixed(2);
  // @ts-expect-error -- references are lists of lines, one list a reference
  bleu(["a"], ["b"]);
  // @ts-expect-error -- no such tokenization
  bleu(["a"], [["b"]], { tokenize: "13b" });
  const { pairs: found, report } = await textPairs(["a"], ["b"]);
  found[0]?.line.toFixed();
  // @ts-expect-error -- a report is for reading
  report.kept = 3;
  // @ts-expect-error -- the first may be absent
  found[0].source.trim();
}

export async function opening(): Promise<void> {
  const filler = await open("DIR", { task: "fill" });
  isSame<typeof filler, MaskFiller>(true);
  const [[first] = []] = await filler.fill("a [MASK]", { top: 3 });
  first?.token.concat(first.probability.toFixed(2));
  const classifier = await open("DIR", { task: "classify", threads: 1 });
  (await classifier.classify(["a", ["b", "c"]]))[0]?.[0]?.label.trim();
  // @ts-expect-error -- a classifier fills nothing
  await classifier.fill("a [MASK]");
  // @ts-expect-error -- a tagger tags one text, and gives words
  await (await open("DIR", { task: "tag" })).tag(["a"]);
  // @ts-expect-error -- a task is not a head's name: that is for openModel
  await open("DIR", { task: "masked-lm" });
  // @ts-expect-error -- no such option
  await open("DIR", { task: "fill", thread: 1 });
  const writer = await open("DIR", { task: "generate" });
  (await writer.generate(["a"], { maxNewTokens: 5, numBeams: 2 }))[0]?.[0]?.text.trim();
  await writer.generate([[{ role: "user", content: "a" }]]);
  for await (const piece of writer.stream("a")) piece.trim();
  // @ts-expect-error -- options have names in camelCase
  await writer.generate(["a"], { max_new_tokens: 5 });
  // @ts-expect-error -- a stream is of one prompt
  writer.stream(["a", "b"]);
  // @ts-expect-error -- a summary has no languages
  await (await open("DIR", { task: "summarize" })).summarize(["a"], { to: "fr" });
  await (await open("DIR", { task: "translate" })).translate(["a"], { from: "en", to: "fr" });
  const vectors: Float32Array[] = await (await open("DIR", { task: "embed" })).embed(["a"], { pooling: "class" });
  vectors[0]?.at(0)?.toFixed();
  // @ts-expect-error -- no such pooling
  await (await open("DIR", { task: "embed" })).embed(["a"], { pooling: "max" });
}

export async function looking(): Promise<void> {
  const any: Model = await open("DIR");
  const found = await any.forward({}, { attentions: true });
  found.attentions[0]?.shape.join();
  // @ts-expect-error -- whether an unknown head gives logits is not known
  found.logits.shape.join();
  const masked = await openModel(diskFolder("DIR"), { task: "masked-lm" });
  const { logits, loss } = await masked.forward({});
  logits.shape.join();
  // @ts-expect-error -- without labels there is no loss
  loss.shape.join();
  const answers = await (await open("DIR", { task: "answer" })).forward([["question", "context"]]);
  answers.startLogits.shape.join();
  // @ts-expect-error -- where an answer starts and ends has two logits
  answers.logits.toString();
  // @ts-expect-error -- hidden states are asked for by yes or no
  await masked.forward({}, { hiddenStates: 3 });
  (await masked.run({}, { outputs: ["hiddenStates", "logits"] })).get("logits")?.data.length.toFixed();
  // @ts-expect-error -- inputs are tensors
  await masked.run({ inputIds: [1, 2] });
}

export async function others(): Promise<void> {
  isSame<TransformerPreset, "tiny" | "small" | "base" | "big">(true);
  const { config, weights } = await openTranslatorFolder(diskFolder("x"));
  transformerParts(config).total.toFixed();
  // @ts-expect-error -- weights are read when asked for
  const values: ReadonlyMap<string, unknown> = weights;
  values.size.toFixed();
  // @ts-expect-error -- a vocabulary needs a size
  await trainBpe(["a"], {});
  random(1, "a").uniform().toFixed();
  // @ts-expect-error -- names and numbers make a stream
  random(1, { a: 2 });
}
