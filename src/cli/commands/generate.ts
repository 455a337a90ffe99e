/** `heed generate`: what follows a prompt. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import type { Said } from "../../data/index.ts";
import type { GeneratedText, TextGenerator } from "../../tasks/generate-text.ts";
import type { RewardModel } from "../../tasks/reward-model.ts";
import { wholeNumber } from "../command.ts";
import { forJson, searchOf, withGenerationOptions, type GenerationFlags } from "../generation-options.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags, GenerationFlags {
  readonly stream?: true;
  readonly chat?: true;
  readonly bestOf?: number;
  readonly reward?: string;
}

export function command(io: Io): Command {
  const made = modelCommand("generate", "Goes on from a prompt, token by token, as the model's own settings say.", {
    run: 'heed generate --model gpt2 "Once upon" --max-tokens 50 --temperature .8 --top-k 40 --seed 1 --stream',
    expect: "the prompt, and the text that follows it as it comes",
  });
  return withGenerationOptions(made)
    .argument("[prompts...]", "prompts; default: the lines of standard input")
    .option("--stream", "write the text as it comes")
    .option("--chat", "the prompts are questions of a conversation, in the form of the model's chat template")
    .option("--best-of <n>", "draw so many answers and write the one that --reward likes best", wholeNumber(2))
    .option("--reward <folder>", "a reward model that heed align --method reward made")
    .action(async (given: string[], flags: Flags) => {
      if (flags.stream === true && flags.json === true) {
        throw new InputError("--stream writes text as it comes, and --json results as a whole: leave one of them out.");
      }
      const prompts = await textsOf(given, io);
      if (prompts.length === 0) throw new InputError('There is no prompt. Give one, or "" to begin from nothing.');
      await withModel(flags, "generate", async (model) => {
        if (flags.bestOf === undefined && flags.reward === undefined) {
          for (const text of prompts) await goOn(model, text, flags, io);
        } else await withReward(flags, (reward) => writeBest(model, reward, prompts, flags, io));
      });
    });
}

/** Opens the reward model of `--best-of`, and frees it. Throws InputError where one of the two options is missing. */
async function withReward(flags: Flags, use: (reward: RewardModel) => Promise<void>): Promise<void> {
  const { bestOf, reward, stream } = flags;
  if (bestOf === undefined || reward === undefined || stream === true) {
    throw new InputError(
      stream === true
        ? "--stream writes text as it comes, and --best-of chooses among whole texts: leave one of them out."
        : "--best-of and --reward belong together: how many answers are drawn, and the model that chooses among them.",
    );
  }
  await withModel({ ...flags, model: reward }, "reward", use);
}

/** Draws several answers to each prompt and writes the best by the reward. */
async function writeBest(
  model: TextGenerator,
  reward: RewardModel,
  prompts: readonly string[],
  flags: Flags,
  io: Io,
): Promise<void> {
  for (const text of prompts) {
    const prompt: Said = flags.chat === true ? [{ role: "user", content: text }] : text;
    const drawn = { doSample: true, numBeams: 1, numReturnSequences: flags.bestOf };
    const options = { truncate: flags.truncate, ...searchOf(flags), ...drawn };
    const [found] = (await model.generate([prompt], options)) as [GeneratedText[]];
    const scores = await reward.score(found.map((one) => ({ prompt, answer: one.text, finished: one.finished })));
    const best = scores.indexOf(Math.max(...scores));
    const shown = `${flags.chat === true ? "" : text}${found[best]!.text}\n`;
    const all = found.map((one, i) => ({ ...forJson(one), reward: scores[i], best: i === best }));
    await io.stdout.write(flags.json === true ? jsonLine(all) : shown);
  }
}

async function goOn(model: TextGenerator, text: string, flags: Flags, io: Io): Promise<void> {
  const options = { truncate: flags.truncate, ...searchOf(flags) };
  const prompt = flags.chat === true ? [{ role: "user", content: text }] : text;
  const front = flags.chat === true ? "" : text;
  if (flags.stream === true) {
    // The prompt is written with the first piece: where it is refused, nothing is.
    let pending = front;
    for await (const piece of model.stream(prompt, options)) {
      await io.stdout.write(pending + piece);
      pending = "";
    }
    await io.stdout.write(`${pending}\n`);
    return;
  }
  const [found] = (await model.generate([prompt], options)) as [GeneratedText[]];
  const shown = found.map((one) => `${front}${one.text}\n`).join("");
  await io.stdout.write(flags.json === true ? jsonLine(found.map(forJson)) : shown);
}
