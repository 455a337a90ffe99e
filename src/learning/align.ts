/**
 * Learning from human preferences (`heed align`): a reward model from pairs of answers, and a policy that follows them, by
 * PPO against the reward model or from the pairs directly (DPO).
 */
import { z } from "zod";
import { ConfigError } from "../errors/index.ts";
import { open } from "../tasks/open-task.ts";
import type { Reward } from "../tasks/answers.ts";
import { alignKeys, alignSchema, type AlignConfig } from "./align-config.ts";
import { prepareDpo } from "./align-dpo.ts";
import { preparePpo } from "./align-ppo.ts";
import { prepareReward } from "./align-reward.ts";
import type { Judge } from "./judge-policy.ts";
import { readPreferences, splitByPrompt, type Split } from "./preference-data.ts";
import type { Preference } from "../data/index.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

/**
 * Learning from preferences, answers judged by any function of texts: `learn(alignWith({ reward }), config, …)`. Without
 * one they are judged by the reward model that the config names.
 */
export function alignWith({ reward }: { readonly reward?: Reward | undefined } = {}): Way<AlignConfig> {
  return {
    name: "align",
    schema: alignSchema,
    keys: alignKeys,
    jsonSchema: () => z.toJSONSchema(alignSchema, { io: "input" }),
    files: ({ data, validation, prompts, texts }) => [...data, ...validation, ...prompts, ...texts],
    goal: ({ method }) => ({ score: method === "ppo" ? "reward" : "accuracy", better: "higher" }),
    updates: 400,
    prepare: (config, context) => prepare(config, context, reward),
  };
}

/** Learning from preferences as a way of learning. */
export const align: Way<AlignConfig> = alignWith();

async function prepare(config: AlignConfig, context: WayContext, reward: Reward | undefined): Promise<Lesson> {
  const { method, data, prompts } = config;
  if (data.length === 0 && (method !== "ppo" || prompts.length === 0)) {
    throw new ConfigError(
      method === "ppo"
        ? "data: PPO needs prompts. Give files of preferences, or files of prompts under prompts."
        : `data: there are no preferences for ${method} to learn from. Give at least one file.`,
    );
  }
  const pairs = await pairsOf(config, context);
  if (method === "reward") return prepareReward(config, context, pairs);
  const judge = await judgeOf(config, context, reward);
  try {
    if (method === "dpo") return await prepareDpo(config, context, pairs, judge);
    if (judge !== undefined) return await preparePpo(config, context, pairs, judge);
  } catch (error) {
    await judge?.dispose();
    throw error;
  }
  throw new ConfigError("reward: PPO needs a reward model's folder. Train one with heed align --method reward.");
}

/** The pairs to learn from and those held out: of files of their own, or a share of the prompts. */
async function pairsOf(
  { data, validation, holdOut, seed }: AlignConfig,
  { files }: WayContext,
): Promise<Split<Preference>> {
  const rows = await readPreferences(files, data);
  if (validation.length === 0) return splitByPrompt(rows, ({ prompt }) => prompt, holdOut, seed);
  return { kept: rows, held: await readPreferences(files, validation) };
}

async function judgeOf(
  { reward: path }: AlignConfig,
  { files, engine }: WayContext,
  reward: Reward | undefined,
): Promise<Judge | undefined> {
  if (reward !== undefined) return { reward, dispose: () => Promise.resolve() };
  if (path === undefined) return undefined;
  const model = await open(files.at(path), { ...engine, task: "reward" });
  return { reward: (answers) => model.score(answers), dispose: () => model.dispose() };
}
