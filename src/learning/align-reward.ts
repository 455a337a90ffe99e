/** A reward model from pairs of answers, judged by the share of held-out pairs that it orders as people did. */
import type { Preference, Said } from "../data/index.ts";
import { calibrationStatistics, meanStatistics, scoreOf, type ExampleStatistics } from "../evaluation/index.ts";
import { PAIR_REPORTS, paddedRows, pairRows, rewardPairs } from "../objectives/index.ts";
import type { Model } from "../tasks/model.ts";
import { RewardModel } from "../tasks/reward-model.ts";
import type { Tokenizer } from "../tokens/index.ts";
import type { Scores } from "../training/index.ts";
import type { AlignConfig } from "./align-config.ts";
import { modelFrom } from "./model-source.ts";
import { encodePairs, pairBatches, pairSummary, rowsOfPairs, type EncodedPair, type Split } from "./preference-data.ts";
import type { Lesson, WayContext } from "./way.ts";

/** What config.json says of a reward model: one label, and a padding token, by which the last real one is found. */
function rewardConfig({ special }: Tokenizer): Record<string, unknown> {
  const padding = special.pad ?? special.eos;
  const labels = { id2label: { 0: "LABEL_0" }, label2id: { LABEL_0: 0 } };
  return { ...labels, ...(padding !== undefined && { pad_token_id: padding.id }) };
}

/** Prepares a reward model (Stiennon et al. 2020, section 3.4; Ouyang et al. 2022, section 3.5). */
export async function prepareReward(
  config: AlignConfig,
  context: WayContext,
  rows: Split<Preference>,
): Promise<Lesson> {
  const { model, tokenizer } = await modelFrom(
    {
      ...{ model: config.model, tokenizer: config.tokenizer, seed: config.seed },
      head: { task: "sequence-classification" },
      config: rewardConfig,
      texts: () => textsOf(rows.kept),
    },
    context,
  );
  const { architecture } = model;
  const reward = new RewardModel(model as Model<"sequence-classification">, tokenizer);
  const limit = Math.min(config.maxLength ?? Infinity, architecture.longest ?? Infinity);
  const most = limit === Infinity ? undefined : limit;
  const [pairs, held] = [encodePairs(tokenizer, rows.kept, most), encodePairs(tokenizer, rows.held, most)];
  const { batchTokens, accumulate } = config.training;
  const epoch = pairBatches(pairs, { batchTokens, accumulate, seed: config.seed }, (numbers) => {
    const some = idsOfPairs(numbers.map((i) => pairs[i]!));
    return { feeds: { ...paddedRows(architecture, some), ...pairRows(numbers.length) }, targets: numbers.length };
  });
  const judge = async (): Promise<Scores> => scoresOf(rewardStatistics(await marginsOf(reward, held)));
  return {
    parameters: model.parameters,
    objective: rewardPairs(architecture),
    report: PAIR_REPORTS,
    epoch,
    validate: held.length === 0 ? undefined : judge,
    finish: held.length === 0 ? undefined : judge,
    width: architecture.config["width"] as number | undefined,
    summary: pairSummary(rows, pairs),
    updatesPerEpoch: epoch(0).length,
    write: (folder, weights) => reward.save(folder, weights),
    dispose: () => model.dispose(),
  };
}

const idsOfPairs = (pairs: readonly EncodedPair[]): number[][] =>
  rowsOfPairs(pairs).map(({ prompt, answer }) => [...prompt, ...answer]);

/** What a tokenizer of fresh models is trained on. */
export function textsOf(rows: readonly Preference[]): string[] {
  const textsIn = (said: Said): string[] =>
    typeof said === "string" ? [said] : said.map(({ content }) => String(content));
  return rows.flatMap(({ prompt, chosen, rejected }) => [prompt, chosen, rejected].flatMap(textsIn));
}

/** By how much the chosen answer of each pair is preferred. */
async function marginsOf(reward: RewardModel, pairs: readonly EncodedPair[]): Promise<Float64Array> {
  const scores = await reward.scoreIds(idsOfPairs(pairs));
  return Float64Array.from(pairs, (_, i) => scores[2 * i]! - scores[2 * i + 1]!);
}

/**
 * What the margins of pairs say: the share that is ordered right (a tie counts half), the loss, and whether σ(margin) is
 * the probability that the order is right.
 */
export function rewardStatistics(margins: ArrayLike<number>): ExampleStatistics[] {
  const all = Array.from(margins);
  const right = all.map((margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0));
  const losses = all.map((margin) => Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin))));
  const shares = all.map((margin) => 1 / (1 + Math.exp(-margin)));
  const [calibration, brier] = calibrationStatistics(
    all.map(() => 0),
    shares.map((share) => [share, 1 - share]),
  );
  return [
    meanStatistics(right, undefined, "accuracy"),
    meanStatistics(losses, undefined, "loss"),
    meanStatistics(all, undefined, "margin"),
    calibration!,
    brier!,
  ];
}

const scoresOf = (judged: readonly ExampleStatistics[]): Scores =>
  Object.fromEntries(judged.map((one) => [one.metric, scoreOf(one)]));
