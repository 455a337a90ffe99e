/**
 * 13. LoRA: a small model that speaks in three manners learns to keep to one of them, in adapters that are exchanged
 * while it runs (Hu et al. 2021)
 *
 *   node examples/run.mjs 13-lora            about 20 seconds
 *   node examples/run.mjs 13-lora --quick    fewer updates, some seconds
 *   … --out folder                           where the adapters go, as Python's peft opens them
 *
 * Expect: adapters with a twenty-fifth of the parameters (of a model of usual width it is less than a hundredth);
 * at least 90 of 100 sentences in the manner of the adapter that is at work, where the base alone mixes all three; no
 * program is loaded while they are exchanged.
 */
import { parseArgs } from "node:util";
import {
  adaptModel,
  architectureOf,
  cachedModel,
  createModel,
  diskFolder,
  loraPlan,
  lossOf,
  random,
  saveAdapter,
  Trainer,
  withAdapters,
  type Batch,
  type Model,
} from "heed";
import { generate } from "heed/generation";
import type { HostTensor } from "heed/onnx";
import { adamW } from "heed/training";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, out: { type: "string", default: "runs/examples/13-lora" } },
});

// The language. A plain sentence is "the cat sees the dog ." A pirate says "arr" first and "ye" for "the"; a polite person
// ends with "please". The base hears each of them in a third of its sentences.

const nouns = ["cat", "dog", "bird", "horse", "fish", "king", "child", "ship"];
const verbs = ["sees", "hears", "follows", "likes", "finds", "calls"];
const words = ["<pad>", "<start>", "<end>", "the", ".", "arr", "ye", "please", ...nouns, ...verbs];
const id = (word: string): number => words.indexOf(word);
type Manner = "plain" | "pirate" | "polite";
const manners: readonly Manner[] = ["plain", "pirate", "polite"];

function sentence(manner: Manner, generator: ReturnType<typeof random>): string[] {
  const one = <T>(list: readonly T[]): T => list[generator.below(list.length)]!;
  const article = manner === "pirate" ? "ye" : "the";
  const body = [article, one(nouns), one(verbs), article, one(nouns)];
  return [...(manner === "pirate" ? ["arr"] : []), ...body, ...(manner === "polite" ? ["please"] : []), "."];
}

/** Whether a sentence is of a manner, word for word. */
function isOf(manner: Manner, said: readonly string[]): boolean {
  const forms = { plain: "the N V the N .", pirate: "arr ye N V ye N .", polite: "the N V the N please ." };
  const kinds = said.map((word) => (nouns.includes(word) ? "N" : verbs.includes(word) ? "V" : word));
  return kinds.join(" ") === forms[manner];
}

// The model: a GPT-2 of two layers. Its loss is a mean over the tokens of the batch, so a batch has one target.

const architecture = architectureOf(
  {
    ...{ model_type: "gpt2", vocab_size: words.length, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 16 },
    ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 },
  },
  "this example",
  { task: "causal-lm" },
);
/** Matrices as small as these are multiplied fastest by one thread. */
const engine = { threads: 1 };

/** 32 sentences, each of one of the manners; labels of -100 behind their ends do not count. */
function batchOf(heard: readonly Manner[], update: number): Batch {
  const generator = random("sentences", heard.join(), update);
  const rows = Array.from({ length: 32 }, () => {
    const manner = heard[generator.below(heard.length)]!;
    return [id("<start>"), ...sentence(manner, generator).map(id), id("<end>")];
  });
  const length = Math.max(...rows.map((row) => row.length));
  const padded = (fill: number): HostTensor => {
    const data = Int32Array.from(rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(fill)]));
    return { dtype: "int32", shape: [rows.length, length], data };
  };
  return { feeds: { inputIds: padded(0), labels: padded(-100) }, targets: 1, examples: [...rows.keys()] };
}

async function learn(model: Model, heard: readonly Manner[], updates: number, rate: number): Promise<void> {
  const objective = lossOf(model.architecture, ["inputIds", "labels"]);
  const trainer = await Trainer.create(model.engine, objective, { optimizer: adamW(), seed: 1, clipNorm: 1 }, model.parameters); // prettier-ignore
  for (let update = 1; update <= updates; update++) await trainer.step(update, [batchOf(heard, update)], rate);
}

// First the base, which learns with all of its parameters.

const base = await createModel(architecture, { ...engine, seed: 1 });
await learn(base, manners, options.quick ? 200 : 400, 0.003);
const weights = await base.parameters.read();
await base.dispose();
const copyOfBase = async (): Promise<Model> => {
  const model = await createModel(architecture, engine);
  await model.parameters.write(weights);
  return model;
};

// Then the adapters. Each layer W gets a change B A of rank 2, and nothing else is trained: 0 of the base's gradients are
// computed, and Adam keeps no state for it. A starts at random and B at zero, so the model starts as it was.

const plan = loraPlan(architecture, { rank: 2, targets: ["all-linear"] });
const folder = diskFolder(options.out);
const size = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);
const total = [...weights.values()].reduce((sum, { shape }) => sum + size(shape), 0);
let trained = 0;
for (const manner of ["pirate", "polite"] as const) {
  const model = await adaptModel(await copyOfBase(), { lora: plan.change, trained: plan.trained });
  const parts = model.parameters.specs.filter((parameter) => parameter.trained);
  trained = parts.reduce((sum, { shape }) => sum + size(shape), 0);
  await learn(model, [manner], options.quick ? 150 : 300, 0.01);
  await saveAdapter(model, plan, folder.at(manner), "plain");
  await model.dispose();
}
const share = (100 * trained) / total;
console.log(`The model has ${total} parameters, an adapter ${trained}: ${share.toFixed(1)} %.`);

// One base, both adapters. Exchanging them writes their few values; the programs that generate stay as they are.

const model = await withAdapters(await copyOfBase(), { pirate: folder.at("pirate"), polite: folder.at("polite") });
const cached = cachedModel(model);
const prompts: HostTensor = { dtype: "int32", shape: [100, 1], data: new Int32Array(100).fill(id("<start>")) };
const speak = async (): Promise<string[][]> => {
  const found = await generate(cached, { inputIds: prompts }, { doSample: true, seed: 3, eosTokenId: 2, maxNewTokens: 12 }); // prettier-ignore
  return found.map(([best]) => [...best!.ids].filter((one) => one > 2).map((one) => words[one]!));
};
await speak();
let loads = 0;
const load = model.engine.load.bind(model.engine);
model.engine.load = (...given) => {
  loads++;
  return load(...given);
};

console.log(`\nadapter   ${manners.map((manner) => manner.padStart(6)).join(" ")}   of 100 sentences`);
const right: number[] = [];
for (const adapter of [undefined, "pirate", "polite", "pirate", undefined] as const) {
  await model.use(adapter);
  const said = await speak();
  const counts = manners.map((manner) => said.filter((one) => isOf(manner, one)).length);
  if (adapter !== undefined) right.push(counts[manners.indexOf(adapter)]!);
  const shown = counts.map((count) => String(count).padStart(6)).join(" ");
  console.log(`${(adapter ?? "none").padEnd(9)} ${shown}   ${said[0]!.join(" ")}`);
}
console.log(`Programs loaded while exchanging: ${loads}.`);
await model.dispose();

const least = options.quick ? 80 : 90;
const reached = Math.min(...right) >= least && loads === 0 && share < 5;
console.log(
  `Expected: at least ${least} in the adapter's manner, no program loaded. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
