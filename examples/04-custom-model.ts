/**
 * 4. A model of your own: additive attention (Bahdanau, Cho and Bengio 2015), from function to ONNX file
 *
 *   node examples/run.mjs 04-custom-model            300 updates, a few seconds
 *   node examples/run.mjs 04-custom-model --quick    100 updates
 *   … --out pictures                                 where the ONNX file and the picture go
 *
 * Expect: at least 99 % right answers on notes never seen (with --quick 90 %), a mean weight over .9 (.5) on the right
 * place, and the same logits from the exported file.
 */
import { parseArgs } from "node:util";
import {
  createEngine,
  diskFolder,
  heatGridSvg,
  heatGridText,
  random,
  recordsOf,
  shuffle,
  Trainer,
  type Batch,
  type Objective,
} from "heed";
import { dimension, gradients, input, nodesOf, printGraph, type Tensor } from "heed/graph";
import { embedding, linear, Trace, type Scope } from "heed/nn";
import { lower, type HostTensor } from "heed/onnx";
import { adam } from "heed/training";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/04-custom-model" },
  },
});
const folder = diskFolder(options.out);

// The task: look something up. A note holds five letters with a digit each, "k3 b7 a1 x0 d4"; asked for "a", say 1.

const [letters, digits, places] = [26, 10, 5];
const batch = dimension("batch"); // A size known only when the program runs.

// A model is a function of symbolic tensors: calling it computes nothing, it draws a graph. A scope names the trained
// values by their path and creates them on first use; record() names an inner tensor that one may ask for later.
// Additive attention scores a key against a query by a small network instead of a dot product:
//
//   score(q, k) = vᵀ tanh(W q + U k)
//
// The library has no such layer. It is these lines:

const [D, H] = [32, 64]; // width of an embedding, width of the score's hidden layer

function lookUp(scope: Scope): Tensor {
  const letter = input("letters", "int32", [batch, places]);
  const digit = input("digits", "int32", [batch, places]);
  const asked = input("asked", "int32", [batch]);

  const keys = embedding(scope.at("letter"), letter, letters, D); // [batch, places, D]
  const query = embedding(scope.at("letter"), asked, letters, D); // [batch, D]: the same table
  const values = embedding(scope.at("digit"), digit, digits, D); // [batch, places, D]

  const fromQuery = linear(scope.at("W"), query, H, { bias: false }).unsqueeze(1); // [batch, 1, H]
  const fromKeys = linear(scope.at("U"), keys, H); // [batch, places, H]
  const scores = linear(scope.at("v"), fromQuery.add(fromKeys).tanh(), 1, { bias: false }); // [batch, places, 1]

  const weights = scope.record("attention", scores.squeeze(-1).softmax()); // [batch, places]
  const context = weights.unsqueeze(1).matmul(values).squeeze(1); // [batch, D]
  return scope.record("logits", linear(scope.at("output"), context, digits)); // [batch, digits]
}

const objective: Objective = (scope) => {
  const logits = lookUp(scope);
  const answer = input("answer", "int32", [batch]);
  const right = logits.argMax(-1).cast("int32").equal(answer).cast("float32");
  return { loss: logits.crossEntropy(answer).sum(), accuracy: right.sum() };
};

// What was drawn. The graph prints; a wrong shape would have been an error above, with the line that asked for it.

const trace = new Trace("forward");
const { loss } = objective(trace.scope);
console.log(`The forward pass, as a graph:\n\n${printGraph({ loss })}\n`);

// gradients() adds the backward pass to the same graph, by the chain rule, op by op: gradients are tensors like others.
// lower() writes any tensors of a graph as an ONNX program. Trainer below does both for you.

const parameters = [...trace.parameters.values()];
const byParameter = gradients(loss, parameters.map(({ tensor }) => tensor)); // prettier-ignore
const forwardNodes = nodesOf([loss]).length;
const backwardNodes = nodesOf([loss, ...byParameter]).length - forwardNodes;
const shown = parameters.map(({ name, shape }) => `${name} [${shape.join(", ")}]`);
console.log(`${parameters.length} parameters: ${shown.join(", ")}`);
console.log(`${forwardNodes} nodes forward, ${backwardNodes} more backward.`);
const named = Object.fromEntries(byParameter.map((gradient, i) => [`gradient of ${parameters[i]!.name}`, gradient]));
const backward = lower("loss and gradients", { loss, ...named });
console.log(`As ONNX, loss and gradients take ${backward.bytes.length} bytes.\n`);

// Data, drawn from a seed: the same name always gives the same notes.

function notes(count: number, ...stream: (string | number)[]): Batch {
  const draw = random("notes", ...stream);
  const rows = Array.from({ length: count }, () => {
    const letter = shuffle([...Array(letters).keys()], draw).slice(0, places);
    const digit = letter.map(() => draw.below(digits));
    const place = draw.below(places);
    return { letter, digit, asked: letter[place]!, answer: digit[place]! };
  });
  const int32 = (data: readonly number[], ...shape: number[]): HostTensor => ({
    dtype: "int32",
    shape,
    data: Int32Array.from(data),
  });
  const feeds = {
    letters: int32(rows.flatMap(({ letter }) => letter), count, places), // prettier-ignore
    digits: int32(rows.flatMap(({ digit }) => digit), count, places), // prettier-ignore
    asked: int32(rows.map(({ asked }) => asked), count), // prettier-ignore
    answer: int32(rows.map(({ answer }) => answer), count), // prettier-ignore
  };
  return { feeds, targets: count, examples: [...rows.keys()] };
}

// Training, update by update.

const engine = await createEngine({ threads: 1 });
const trainer = await Trainer.create(engine, objective, { optimizer: adam(), clipNorm: 1, seed: 1 });
const updates = options.quick ? 100 : 300;
for (let update = 1; update <= updates; update++) {
  const { loss } = await trainer.step(update, [notes(64, "training", update)], 0.01);
  if (update === 1 || update % 50 === 0) console.log(`update ${update}: loss ${loss.toFixed(4)}`);
}
const test = notes(500, "test");
const { accuracy } = await trainer.evaluate([test]);

// Looking inside: where do the weights lie, and is it the right place?

const records = await recordsOf(trainer.parameters, lookUp, test.feeds, ["attention", "logits"]);
const [attention, logits] = ["attention", "logits"].map((name) => records.get(name)!.data as Float32Array);
const [letterIds, digitIds, askedIds] = ["letters", "digits", "asked"].map(
  (name) => test.feeds[name]!.data as Int32Array,
);
const letterName = (id: number): string => String.fromCharCode(97 + id);
const onRightPlace = Array.from(askedIds!, (asked, note) => attention![letterIds!.indexOf(asked, note * places)]!);
const meanWeight = onRightPlace.reduce((sum, weight) => sum + weight, 0) / onRightPlace.length;

const note = Array.from(letterIds!.subarray(0, places), (id, place) => `${letterName(id)}${digitIds![place]!}`);
const grid = {
  title: "Where additive attention looks",
  rows: [`${letterName(askedIds![0]!)}?`],
  columns: note,
  values: attention!.subarray(0, places),
  range: [0, 1] as const,
};
console.log(`\n${heatGridText({ ...grid, showValues: true })}\n`);
await folder.write("attention.svg", heatGridSvg({ ...grid, showValues: true }));

// Export: the graph with the trained values inside, as one ONNX file that any ONNX Runtime runs. Here a fresh engine
// does, which knows nothing of the model function.

const weights = await trainer.parameters.read();
await engine.dispose();
const program = lower("look-up", { logits: lookUp(new Trace("forward").scope) }, { weights });
await folder.write("look-up.onnx", program.bytes);

const other = await createEngine({ threads: 1 });
const exported = await other.load(program);
const { logits: again } = await other.run([{ program: exported, fetch: ["logits"] }], test.feeds);
await other.dispose();
const difference = Math.max(...logits!.map((value, i) => Math.abs(value - (again!.data as Float32Array)[i]!)));

// The numbers.

const [leastAccuracy, leastWeight] = options.quick ? [0.9, 0.5] : [0.99, 0.9];
const reached = accuracy! >= leastAccuracy && meanWeight > leastWeight && difference < 1e-4;
console.log(`${options.out}/look-up.onnx: ${program.bytes.length} bytes.`);
console.log(`Its logits differ from the trainer's by ${difference.toExponential(1)} at the most.`);
console.log(
  `${(100 * accuracy!).toFixed(1)} % right answers, mean weight on the right place ${meanWeight.toFixed(3)}.`,
);
console.log(
  `Expected: below 1e-4, at least ${100 * leastAccuracy} %, over ${leastWeight}. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
