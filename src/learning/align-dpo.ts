/** A policy that learns from pairs of answers directly (Rafailov et al. 2023). */
import type { Preference } from "../data/index.ts";
import { Trace } from "../nn/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import {
  answerFeeds,
  answerLogProbabilities,
  answerRows,
  answerScores,
  directPreferences,
  DPO_REPORTS,
  pairRows,
  sumByRow,
} from "../objectives/index.ts";
import type { Model } from "../tasks/model.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Batch } from "../training/index.ts";
import type { AlignConfig } from "./align-config.ts";
import { textsOf } from "./align-reward.ts";
import { judgePolicy, scoresOfPolicies, somePrompts, type Judge } from "./judge-policy.ts";
import { modelFrom, type SourcedModel } from "./model-source.ts";
import { byTokens, PolicyPair, savePolicy } from "./policy-pair.ts";
import {
  distinct,
  encodePairs,
  pairBatches,
  pairSummary,
  readPrompts,
  rowsOfPairs,
  type EncodedPair,
  type Split,
} from "./preference-data.ts";
import type { Lesson, WayContext } from "./way.ts";

/** The model that a run began from, or with `resumed` as it is in the checkpoint that is gone on from. */
export function policyFrom(
  { model, tokenizer, seed }: AlignConfig,
  rows: Split<Preference>,
  context: WayContext,
  resumed: boolean,
): Promise<SourcedModel> {
  const wanted = { model, tokenizer, seed, head: { task: "causal-lm" }, texts: () => textsOf(rows.kept) } as const;
  return modelFrom(wanted, resumed ? context : { ...context, from: undefined });
}

/** Prepares DPO. */
export async function prepareDpo(
  config: AlignConfig,
  context: WayContext,
  rows: Split<Preference>,
  judge: Judge | undefined,
): Promise<Lesson> {
  const { seed } = config;
  const { model, tokenizer } = await policyFrom(config, rows, context, true);
  const { architecture, parameters } = model;
  const limit = Math.min(config.maxLength ?? Infinity, architecture.longest ?? Infinity);
  const most = limit === Infinity ? undefined : limit;
  const [pairs, held] = [encodePairs(tokenizer, rows.kept, most), encodePairs(tokenizer, rows.held, most)];
  const { batchTokens, accumulate } = config.training;
  // The reference's log-probabilities are two numbers a pair and never change. They are computed once, by the policy
  // before its first update: a second model in each step's trace would cost a third more time and twice the weights.
  const reference = await withReference(config, rows, context, model, (base) =>
    rowSums(base, [...pairs, ...held], batchTokens),
  );
  const make = (numbers: readonly number[], all: readonly EncodedPair[], first: number): Omit<Batch, "examples"> => {
    const some = rowsOfPairs(numbers.map((i) => all[i]!));
    const data = Float32Array.from(
      numbers.flatMap((i) => [2 * (first + i), 2 * (first + i) + 1]).map((i) => reference[i]!),
    );
    const feeds = { ...answerFeeds(architecture, some), ...pairRows(numbers.length), answerRows: answerRows(some) };
    return { feeds: { ...feeds, reference: vector(data) }, targets: numbers.length };
  };
  const options = { batchTokens, accumulate, seed };
  const epoch = pairBatches(pairs, options, (numbers) => make(numbers, pairs, 0));
  const heldEpoch = pairBatches(held, { batchTokens, seed }, (numbers) => make(numbers, held, pairs.length))(0);
  const heldBatches = Array.from({ length: heldEpoch.length }, (_, i) => heldEpoch.batch(i)).flat();
  const text = new TextModel(model, tokenizer);
  const prompts = somePrompts(distinct(rows.held.map(({ prompt }) => prompt)), config.judge.prompts, seed);
  const texts = await readPrompts(context.files, config.texts);
  const finish = async (): Promise<Record<string, number>> => {
    const base = await policyFrom(config, rows, context, false);
    const referenceValues = await base.model.parameters.read();
    // The policy as it was trained, in an engine with the reference beside it.
    await base.model.parameters.write(await parameters.read());
    const pair = await PolicyPair.create(base, {
      engine: context.engine,
      seed,
      batchTokens,
      reference: referenceValues,
    });
    try {
      const lines = pair.rowsOfText(texts.filter((one) => typeof one === "string"));
      const judged = await judgePolicy(pair, {
        ...{ prompts, reward: judge?.reward, bestOf: config.judge.bestOf, maxTokens: config.maxTokens, seed },
        texts: lines.length > 0 ? lines : rowsOfPairs(held),
      });
      return scoresOfPolicies(judged);
    } finally {
      await pair.dispose();
    }
  };
  return {
    parameters,
    objective: directPreferences(architecture, config.dpo),
    report: DPO_REPORTS,
    epoch,
    validate: held.length === 0 ? undefined : (trainer) => trainer.evaluate(heldBatches),
    finish: prompts.length === 0 ? undefined : finish,
    width: architecture.config["width"] as number | undefined,
    summary: pairSummary(rows, pairs),
    updatesPerEpoch: epoch(0).length,
    write: (folder, weights) => savePolicy(text, folder, weights),
    dispose: async () => {
      await model.dispose();
      await judge?.dispose();
    },
  };
}

/** Uses the model that the run began from: the policy itself, unless it was trained already. */
async function withReference<T>(
  config: AlignConfig,
  rows: Split<Preference>,
  context: WayContext,
  policy: Model,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  if (context.from === undefined) return use(policy);
  const { model } = await policyFrom(config, rows, context, false);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/** log π(answer | prompt) of each row of the pairs: those of pair i are 2i and 2i + 1. */
async function rowSums(
  { architecture, parameters }: Model,
  pairs: readonly EncodedPair[],
  batchTokens: number,
): Promise<Float32Array> {
  const rows = rowsOfPairs(pairs);
  const sums = new Trace("forward").run((scope) =>
    sumByRow(answerLogProbabilities(answerScores(scope, architecture).logits)),
  );
  const loaded = (await parameters.load((how) => lower("reference", { sums }, how)))!;
  const found = new Float32Array(rows.length);
  for (const some of byTokens(rows, batchTokens)) {
    const part = some.map((i) => rows[i]!);
    const call = { program: loaded.id, bind: loaded.bind, fetch: ["sums"] };
    const feeds = { ...answerFeeds(architecture, part), answerRows: answerRows(part) };
    const results = await parameters.engine.run([call], feeds);
    const values: Float32Array = results["sums"]!.data as Float32Array;
    found.set(values, some[0]);
  }
  await parameters.engine.unload(loaded.id);
  return found;
}

const vector = (data: Float32Array): HostTensor => ({ dtype: "float32", shape: [data.length], data });
