/**
 * 8. Denoising: a BART writes damaged sentences as they were, and a T5 what is missing from them
 *
 *   node examples/run.mjs 08-denoising            500 updates each, about a minute
 *   node examples/run.mjs 08-denoising --quick    50 updates each, a few seconds
 *   … --out folder                                where the models go
 *
 * Expect: BART at least 4 nats a token below a guess by how often tokens are, T5 at least 1 nat (most of what it writes are
 * sentinels, which the guess knows, too), and sentences that are whole again (with --quick half a nat below).
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diskFolder, open } from "heed";
import { learn, pretrain, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/08-denoising" },
  },
});
const updates = options.quick ? 50 : 500;
const corpus = diskFolder(fileURLToPath(new URL("corpus/french-english", import.meta.resolve("heed/package.json"))));

// Raw text again: the English half of the bundled corpus. BART (Lewis et al. 2020) reads each sentence with spans of
// Poisson length behind single masks, 30 % of its tokens, and writes all of it. T5 (Raffel et al. 2020) reads it with
// 15 % of its tokens behind sentinels, <extra_id_0> and so on, and writes only what stood there.

const stack = (side: string) => ({
  [`${side}_layers`]: 2,
  [`${side}_attention_heads`]: 4,
  [`${side}_ffn_dim`]: 192,
});
const runs = {
  denoise: { model_type: "bart", d_model: 96, dropout: 0, max_position_embeddings: 64, ...stack("encoder"), ...stack("decoder") }, // prettier-ignore
  span: { model_type: "t5", d_model: 96, d_kv: 24, d_ff: 192, num_layers: 2, num_heads: 4, dropout_rate: 0 },
};

/** Learns by an objective; gives the scores on held-out text. */
async function run(objective: keyof typeof runs): Promise<Readonly<Record<string, number>>> {
  const training = { updates, batchTokens: 1536, learningRate: 3e-3, warmUp: updates / 10, validateEvery: updates / 5 };
  const config = wayConfig(
    pretrain,
    {
      ...{ objective, unit: "line", model: runs[objective], tokenizer: { size: 1000 }, training },
      ...{ data: ["train.en"], validation: ["valid.en"] },
    },
    "08-denoising",
  );
  const folder = diskFolder(`${options.out}/${objective}`);
  const learning = learn(pretrain, config, { folder, files: corpus, replace: true, warn: console.error });
  for (;;) {
    const { done, value } = await learning.next();
    if (done === true) return value.scores;
    const { update, loss, validation } = value;
    if (validation === undefined) continue;
    const [nats, right] = [validation["loss"]!.toFixed(3), (100 * validation["accuracy"]!).toFixed(1)];
    console.log(
      `${objective}, update ${String(update)}: loss ${loss.toFixed(3)}, held out ${nats} nats, ${right} % right`,
    );
  }
}

const margins = options.quick ? { denoise: 0.5, span: 0.5 } : { denoise: 4, span: 1 };
let reached = true;
for (const objective of Object.keys(runs) as (keyof typeof runs)[]) {
  const { loss, "unigram loss": guess } = await run(objective);
  console.log(`${objective}: ${loss!.toFixed(3)} nats a token; the guess costs ${guess!.toFixed(3)}.\n`);
  reached &&= loss! <= guess! - margins[objective];
}

// What the models write. Tokens that stand for something are tokens of the text, too.

const bart = await open(diskFolder(`${options.out}/denoise`), { task: "summarize" });
const damaged = [
  "Jane visits <mask> in September.",
  "Anna does not <mask> there today.",
  "Is this book in the <mask>?",
];
const whole = await bart.summarize(damaged, { numBeams: 4 });
for (const [i, text] of damaged.entries()) console.log(`${text}  →  ${whole[i]![0]!.text}`);
await bart.dispose();
const t5 = await open(diskFolder(`${options.out}/span`), { task: "summarize" });
const gaps = "Jane visits <extra_id_0> in September.";
const [spans] = await t5.summarize([gaps], { numBeams: 4 });
console.log(`${gaps}  →  ${t5.tokenizer.decode(spans![0]!.ids, { skipSpecialTokens: false })}`);
await t5.dispose();

console.log(
  `\nExpected: at least ${margins.denoise} and ${margins.span} nats below the guess. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
