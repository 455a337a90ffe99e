/**
 * 18. Distillation: what a teacher knows beyond the right answer
 *
 *   node examples/run.mjs 18-distillation            four small trainings, under a minute
 *   node examples/run.mjs 18-distillation --quick    a few updates of each
 *
 * Expect: the student, a quarter of its teacher's size, keeps at least 97 % of its accuracy, and is at least 5 points
 * above the same student that had the labels alone (with --quick nothing is reached; it runs).
 */
import { parseArgs } from "node:util";
import { memoryFolder, random } from "heed";
import { distill, finetune, learn, wayConfig, type Way, type WayConfig } from "heed/learning";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const { quick } = options;

// The task. Made-up words have a hidden worth, and a sentence is good or bad by the sum of it. A label says only the sign:
// whether a sentence was barely good or wonderful, it does not say. A teacher that has seen many sentences knows.

const draw = random("words");
const syllables = ["ba", "do", "ki", "lu", "me", "no", "pi", "ra", "su", "te", "vo", "za"];
const pick = <T>(list: readonly T[]): T => list[draw.below(list.length)]!;
const worth = new Map<string, number>();
while (worth.size < 150) worth.set(pick(syllables) + pick(syllables) + pick(syllables), draw.normal());
const words = [...worth.keys()];

function sentences(count: number): string {
  const rows = Array.from({ length: count }, () => {
    const chosen = Array.from({ length: 8 }, () => pick(words));
    const sum = chosen.reduce((total, word) => total + worth.get(word)!, 0);
    return `${chosen.join(" ")}\t${sum > 0 ? "good" : "bad"}`;
  });
  return `text\tlabel\n${rows.join("\n")}\n`;
}

const files = memoryFolder();
await files.write("many.tsv", sentences(quick ? 600 : 6000));
await files.write("few.tsv", sentences(quick ? 200 : 500));
await files.write("test.tsv", sentences(quick ? 100 : 1000));

/** A way of learning from its config to the scores of the finished model. */
async function run<C extends WayConfig>(
  way: Way<C>,
  name: string,
  given: object,
): Promise<Readonly<Record<string, number>>> {
  const warn = (line: string): void => {
    if (line.includes("times as fast")) console.log(`  ${line}`);
  };
  const learning = learn(way, wayConfig(way, given, name), { folder: files.at(name), files, warn });
  for (let next = await learning.next(); ; next = await learning.next()) {
    if (next.done === true) return next.value.scores;
  }
}

// The teacher: a BERT of two layers, from scratch, on many labelled sentences.

const sizes = { num_hidden_layers: 2, hidden_size: 64, num_attention_heads: 4, intermediate_size: 128 };
const common = { model_type: "bert", max_position_embeddings: 32, hidden_dropout_prob: 0.1 };
const teacher = await run(finetune, "teacher", {
  ...{
    task: "classify",
    model: { ...common, ...sizes },
    tokenizer: { size: 600 },
    data: ["many.tsv"],
    test: ["test.tsv"],
  },
  training: { updates: quick ? 30 : 600, batchTokens: 1024, learningRate: 2e-3, warmUp: 50 },
});
const percent = (value: number | undefined): string => `${(100 * (value ?? NaN)).toFixed(1)} %`;
console.log(`teacher, ${quick ? 600 : 6000} sentences: ${percent(teacher["accuracy"])}`);

// The student: one layer, half as wide, and few sentences. First with their labels alone (alpha 0: the teacher is not
// asked). Then with the teacher's classes instead, softened by a temperature of 4: not only which, but how sure. Then also
// with what the teacher has inside, its hidden states and attentions, through a learned projection to its width.

const student = {
  ...{ num_hidden_layers: 1, hidden_size: 32, num_attention_heads: 2, intermediate_size: 64 },
  ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
};
const lesson = {
  ...{ task: "classify", teacher: "teacher", student, data: ["few.tsv"], test: ["test.tsv"], temperature: 4 },
  training: { updates: quick ? 10 : 300, batchTokens: 1024, learningRate: 3e-3, warmUp: quick ? 1 : 30 },
};
const few = quick ? 200 : 500;
const alone = await run(distill, "alone", { ...lesson, alpha: 0 });
console.log(`student alone, ${few} sentences: ${percent(alone["accuracy"])}`);
const soft = await run(distill, "soft", { ...lesson, alpha: 1 });
console.log(`student with the teacher's classes, the same sentences: ${percent(soft["accuracy"])}`);
const taught = await run(distill, "taught", { ...lesson, alpha: 1, losses: { hidden: 5, attention: 5 } });
const kept = taught["share of accuracy kept"]!;
console.log(`and with what is inside: ${percent(taught["accuracy"])}, ${percent(kept)} of its teacher's`);

const gain = taught["accuracy"]! - alone["accuracy"]!;
const reached = quick ? Number.isFinite(kept) : kept >= 0.97 && gain >= 0.05;
console.log(`\n${(100 * gain).toFixed(1)} points above the student alone.`);
console.log(`Expected: at least 97 % kept and 5 points above. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
