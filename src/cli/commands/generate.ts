/** `heed generate`: what follows a prompt. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { searchOf, withGenerationOptions, type GenerationFlags } from "../generation-options.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags, GenerationFlags {
  readonly stream?: true;
  readonly chat?: true;
}

/** New tokens where neither the command nor the model says how many. */
const TOKENS = 50;

export function command(io: Io): Command {
  const made = modelCommand("generate", "Goes on from a prompt, token by token, as the model's own settings say.", {
    run: 'heed generate --model gpt2 "Once upon" --max-tokens 50 --temperature .8 --top-k 40 --seed 1 --stream',
    expect: "the prompt, and the text that follows it as it comes",
  });
  return withGenerationOptions(made)
    .argument("[prompts...]", "prompts; default: the lines of standard input")
    .option("--stream", "write the text as it comes")
    .option("--chat", "the prompts are questions of a conversation, in the form of the model's chat template")
    .action((given: string[], flags: Flags) =>
      withModel(flags, "generate", async (model) => {
        const options = { maxNewTokens: TOKENS, truncate: flags.truncate, ...known(searchOf(flags)) };
        const prompts = await textsOf(given, io);
        if (prompts.length === 0) throw new InputError('There is no prompt. Give one, or "" to begin from nothing.');
        for (const prompt of prompts) {
          if (flags.stream === true) {
            await io.stdout.write(prompt);
            for await (const piece of model.stream(prompt, options)) await io.stdout.write(piece);
            await io.stdout.write("\n");
            continue;
          }
          const found =
            flags.chat === true
              ? [await model.chat([{ role: "user", content: prompt }], options)]
              : (await model.generate([prompt], options))[0]!;
          const front = flags.chat === true ? "" : prompt;
          const shown = found.map(({ text }) => `${front}${text}\n`).join("");
          await io.stdout.write(flags.json === true ? jsonLine(found.map(forJson)) : shown);
        }
      }),
    );
}

/** Without what is undefined, which would go before the model's own settings. */
export const known = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

/** A generated text with its numbers as plain lists. */
export function forJson(found: {
  readonly text: string;
  readonly ids: ArrayLike<number>;
  readonly score: number;
  readonly logProbabilities: ArrayLike<number>;
}): object {
  const { text, score } = found;
  return { text, score, ids: Array.from(found.ids), logProbabilities: Array.from(found.logProbabilities) };
}
