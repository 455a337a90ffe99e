/**
 * 14. Forgetting: what learning something new does to what was learned before, and what lessens it
 *
 *   node examples/run.mjs 14-forgetting            three seeds, about a minute
 *   node examples/run.mjs 14-forgetting --quick    one seed, fewer remedies, some seconds
 *
 * Expect: a model that knew 60 facts knows less than a third of them after it has learned 60 others the plain way
 * (McCloskey and Cohen 1989). Replay keeps most of them, a lower rate some, freezing layers next to nothing. LoRA forgets,
 * too, while its adapter is at work; but taken out, it leaves everything as it was.
 */
import { parseArgs } from "node:util";
import {
  adaptModel,
  architectureOf,
  createModel,
  loraPlan,
  parametersOf,
  random,
  Trainer,
  type Batch,
  type Model,
  type Objective,
} from "heed";
import { dimension, input } from "heed/graph";
import { parametersIn } from "heed/insight";
import { adamW } from "heed/training";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });

// The facts. Each is a sentence of three tokens, "first-name last-name lives-in", and a city. All facts share the same 12
// first and 12 last names, so no word tells old facts from new ones: only pairs do. That is where forgetting is worst.

const [names, cities, lives] = [12, 20, 0];
const [firstName, city] = [1, 1 + 2 * names];
const vocabulary = city + cities;
interface Fact {
  readonly ids: readonly number[];
  readonly answer: number;
}

function draw(seed: number): { old: Fact[]; new: Fact[] } {
  const generator = random(seed, "facts");
  const all = Array.from({ length: names * names }, (_, i) => ({
    ids: [firstName + Math.floor(i / names), firstName + names + (i % names), lives],
    answer: city + generator.below(cities),
    order: generator.uniform(),
  }));
  all.sort((a, b) => a.order - b.order);
  return { old: all.slice(0, 60), new: all.slice(60, 120) };
}

// The model: a small GPT-2 that reads the three tokens; its last position is asked for the city.

const architecture = architectureOf(
  {
    ...{ model_type: "gpt2", vocab_size: vocabulary, n_embd: 64, n_layer: 3, n_head: 4, n_positions: 4 },
    ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 },
  },
  "this example",
  { task: "causal-lm" },
);
const objectiveOf =
  ({ architecture: made }: Model): Objective =>
  (scope) => {
    const { logits } = made.compute(scope, ["inputIds"]);
    const last = logits!.slice(1, 2, 3).reshape([-1, vocabulary]); // [B, V]
    const labels = input("labels", "int32", [dimension("batch")]);
    const right = last.argMax(-1).cast("int32").equal(labels).cast("float32");
    return { loss: last.crossEntropy(labels).sum(), right: right.sum() };
  };
function batchOf(facts: readonly Fact[]): Batch {
  const inputIds = Int32Array.from(facts.flatMap(({ ids }) => ids));
  const feeds = {
    inputIds: { dtype: "int32", shape: [facts.length, 3], data: inputIds },
    labels: { dtype: "int32", shape: [facts.length], data: Int32Array.from(facts, ({ answer }) => answer) },
  } as const;
  return { feeds, targets: facts.length, examples: [...facts.keys()] };
}

/** Trains on 32 facts an update, of which some are drawn from `replayed`. Gives the trainer, to be asked. */
async function train(
  model: Model,
  facts: readonly Fact[],
  { seed = 1, updates = 200, rate = 0.003, replayed = [] as readonly Fact[], replays = 0 },
): Promise<Trainer> {
  const trainer = await Trainer.create(
    model.engine,
    objectiveOf(model),
    { optimizer: adamW(), seed, clipNorm: 1 },
    model.parameters,
  );
  const generator = random(seed, "batches");
  const some = (from: readonly Fact[], count: number): Fact[] =>
    Array.from({ length: count }, () => from[generator.below(from.length)]!);
  for (let update = 1; update <= updates; update++) {
    const batch = [...some(facts, 32 - replays), ...(replays > 0 ? some(replayed, replays) : [])];
    await trainer.step(update, [batchOf(batch)], rate);
  }
  return trainer;
}
const known = async (trainer: Trainer, facts: readonly Fact[]): Promise<number> =>
  100 * (await trainer.evaluate([batchOf(facts)]))["right"]!;

// The remedies. Each begins from a copy of the model that knows the old facts, and learns the new ones.

interface Remedy {
  readonly name: string;
  readonly adapt?: (model: Model) => Promise<Model>;
  readonly rate?: number;
  readonly replays?: number;
}
/** Matrices as small as these are multiplied fastest by one thread. */
const engine = { threads: 1 };
const updates = options.quick ? 120 : 200;
const plan = loraPlan(architecture, { rank: 4, targets: ["all-linear"] });
const lowerLayers = parametersIn(
  parametersOf(architecture).map(({ name }) => name),
  ["0-1"],
);
const remedies: readonly Remedy[] = [
  { name: "nothing" },
  { name: "replay: 4 of 32 are old", replays: 4 },
  { name: "replay: 8 of 32 are old", replays: 8 },
  { name: "a rate of a tenth", rate: 0.0003 },
  {
    name: "layers 1 and 2 of 3 frozen",
    adapt: (model) => adaptModel(model, { trained: (name) => !lowerLayers.has(name) }),
  },
  { name: "LoRA of rank 4", adapt: (model) => adaptModel(model, { lora: plan.change, trained: plan.trained }) },
];

const seeds = options.quick ? [1] : [1, 2, 3];
const table = new Map<string, { old: number[]; new: number[] }>();
const note = (name: string, old: number, fresh: number): void => {
  const row = table.get(name) ?? { old: [], new: [] };
  row.old.push(old);
  row.new.push(fresh);
  table.set(name, row);
};

for (const seed of seeds) {
  const facts = draw(seed);
  const base = await createModel(architecture, { ...engine, seed });
  const before = await train(base, facts.old, { seed, updates: 500 });
  note("before", await known(before, facts.old), await known(before, facts.new));
  const weights = await base.parameters.read();
  await base.dispose();
  for (const { name, adapt, rate, replays } of remedies) {
    if (options.quick && !/nothing|8 of 32|LoRA/.test(name)) continue;
    const copy = await createModel(architecture, engine);
    await copy.parameters.write(weights);
    const model = adapt === undefined ? copy : await adapt(copy);
    const trainer = await train(model, facts.new, { seed, updates, rate, replays, replayed: facts.old });
    note(name, await known(trainer, facts.old), await known(trainer, facts.new));
    if (name.startsWith("LoRA")) {
      // Out with the adapter: with B at zero the layers are those of before.
      const changes = [...(await model.parameters.read())].filter(([parameter]) => parameter.endsWith("lora_B.weight"));
      await model.parameters.update(
        new Map(
          changes.map(([parameter, value]) => [parameter, { ...value, data: new Float32Array(value.data.length) }]),
        ),
      );
      note("  its adapter taken out", await known(trainer, facts.old), await known(trainer, facts.new));
    }
    await model.dispose();
  }
}

// The table: means over the seeds, and how far apart they lie.

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const shown = (values: readonly number[]): string =>
  `${mean(values).toFixed(1).padStart(6)} ±${((Math.max(...values) - Math.min(...values)) / 2).toFixed(1).padEnd(5)}`;
console.log(`% of facts known, ${seeds.length} seeds (guessing: ${(100 / cities).toFixed(0)} %)\n`);
console.log(`${"against forgetting".padEnd(28)}  old facts      new facts`);
for (const [name, row] of table) console.log(`${name.padEnd(28)} ${shown(row.old)}  ${shown(row.new)}`);

const old = (name: string): number => mean(table.get(name)!.old);
const checks: readonly (readonly [string, boolean])[] = [
  ["at least 97 % of the old facts are known before", old("before") >= 97],
  ["less than a third afterward, learned the plain way", old("nothing") < 33],
  ["replay keeps at least 65 %", old("replay: 8 of 32 are old") >= 65],
  ["LoRA taken out leaves all of them", old("  its adapter taken out") === old("before")],
];
console.log();
for (const [what, reached] of checks) console.log(`Expected: ${what}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = checks.every(([, reached]) => reached) ? 0 : 1;
