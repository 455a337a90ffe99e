/** A policy that learns from the rewards of its own answers, by PPO, held near the reference that it began as. */
import { readTensors, writeTensors } from "../checkpoints/index.ts";
import type { Preference, Said } from "../data/index.ts";
import { ConfigError, HeedError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { PPO_REPORTS, proximalPolicy, REFERENCE, VALUE_HEAD } from "../objectives/index.ts";
import type { Scores } from "../training/index.ts";
import type { AlignConfig } from "./align-config.ts";
import { policyFrom } from "./align-dpo.ts";
import {
  divergenceOf,
  estimateOf,
  judgePolicy,
  rewardsOf,
  scoresOfPolicies,
  somePrompts,
  type Judge,
} from "./judge-policy.ts";
import { PolicyPair, savePolicy } from "./policy-pair.ts";
import { ppoLoop } from "./ppo-loop.ts";
import {
  distinct,
  encodePairs,
  pairSummary,
  readPrompts,
  rowsOfPairs,
  splitByPrompt,
  type Split,
} from "./preference-data.ts";
import type { Lesson, WayContext } from "./way.ts";

/** The file beside the weights that has the value head's. */
export const VALUE_HEAD_FILE = "value_head.safetensors";

/** Prepares PPO (Ziegler et al. 2019; Stiennon et al. 2020, section 3.4). */
export async function preparePpo(
  config: AlignConfig,
  context: WayContext,
  rows: Split<Preference>,
  { reward, dispose }: Judge,
): Promise<Lesson> {
  const { seed, training, ppo, maxTokens } = config;
  const prompts = await promptsOf(config, context, rows);
  const pair = await pairFrom(config, context, rows);
  const { model } = pair.text;
  const texts = (await readPrompts(context.files, config.texts)).filter((one) => typeof one === "string");
  const encoded = encodePairs(pair.tokenizer, [...rows.kept, ...rows.held], model.architecture.longest);
  const held = encoded.slice(rows.kept.length);
  const judged = somePrompts(prompts.held, config.judge.prompts, seed);
  const validate = async (): Promise<Scores> => {
    const answers = (await pair.sample("policy", judged, { seed, maxTokens })).flat();
    const { mean, error } = estimateOf(await rewardsOf(reward, answers));
    return { reward: mean, "reward standard error": error, "KL per token": await divergenceOf(pair, answers) };
  };
  const finish = async (): Promise<Record<string, number>> => {
    const lines = pair.rowsOfText(texts);
    const options = { prompts: judged, reward, bestOf: config.judge.bestOf, maxTokens, seed };
    return scoresOfPolicies(
      await judgePolicy(pair, { ...options, texts: lines.length > 0 ? lines : rowsOfPairs(held) }),
    );
  };
  return {
    parameters: pair.parameters,
    objective: proximalPolicy(model.architecture, ppo),
    report: PPO_REPORTS,
    rates: (name) => (name.startsWith(`${VALUE_HEAD}.`) ? ppo.valueRate : 1),
    epoch: () => {
      throw new HeedError("PPO makes its batches of what it samples.");
    },
    loop: (job, options) =>
      ppoLoop(
        { pair, reward, prompts: prompts.kept, ppo, seed, maxTokens, batchTokens: training.batchTokens },
        job,
        options,
      ),
    validate: judged.length === 0 ? undefined : validate,
    finish: judged.length === 0 ? undefined : finish,
    width: model.architecture.config["width"] as number | undefined,
    summary: [
      ...(rows.kept.length > 0 ? pairSummary(rows, encoded.slice(0, rows.kept.length)) : []),
      `${prompts.kept.length} prompts to answer, ${judged.length} held out to judge on`,
    ],
    stored: (name) => (name.startsWith(`${REFERENCE}.`) ? undefined : name),
    write: async (folder, weights) => {
      const isHead = ([name]: readonly [string, HostTensor]): boolean => name.startsWith(`${VALUE_HEAD}.`);
      await savePolicy(pair.text, folder, new Map([...weights].filter((one) => !isHead(one))));
      await writeTensors(folder, VALUE_HEAD_FILE, new Map([...weights].filter(isHead)));
    },
    dispose: async () => {
      await pair.dispose();
      await dispose();
    },
  };
}

/** All prompts of preferences and files, once each. */
async function promptsOf(
  { prompts: paths, holdOut, validation, seed }: AlignConfig,
  { files }: WayContext,
  { kept, held }: Split<Preference>,
): Promise<Split<Said>> {
  const more = distinct(await readPrompts(files, paths));
  // Prompts of the files are held out by the same rule, so that one which is in both lies on one side.
  const split = validation.length > 0 ? { kept: more, held: [] } : splitByPrompt(more, (one) => one, holdOut, seed);
  const heldOut = distinct([...held.map(({ prompt }) => prompt), ...split.held]);
  const judged = new Set(heldOut.map((prompt) => JSON.stringify(prompt)));
  const learned = distinct([...kept.map(({ prompt }) => prompt), ...split.kept]);
  const left = learned.filter((prompt) => !judged.has(JSON.stringify(prompt)));
  if (left.length > 0) return { kept: left, held: heldOut };
  throw new ConfigError("data: no prompt is left to learn from. Give more prompts, or a smaller holdOut.");
}

/** The policy as it is, its value head, and the reference that the run began from. */
async function pairFrom(config: AlignConfig, context: WayContext, rows: Split<Preference>): Promise<PolicyPair> {
  const { from, engine } = context;
  const { seed, training } = config;
  const policy = await policyFrom(config, rows, context, true);
  let reference = await policy.model.parameters.read();
  if (from !== undefined) {
    const base = await policyFrom(config, rows, context, false);
    reference = await base.model.parameters.read();
    await base.model.dispose();
  }
  const valueHead = from === undefined ? undefined : await readValueHead(from);
  return PolicyPair.create(policy, { engine, seed, batchTokens: training.batchTokens, reference, valueHead });
}

const readValueHead = (folder: ReadableFolder): Promise<Map<string, HostTensor>> =>
  readTensors(folder, VALUE_HEAD_FILE);
