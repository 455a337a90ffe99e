/** `heed generate`: what follows a prompt. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import type { GeneratedText, TextGenerator } from "../../tasks/generate-text.ts";
import { forJson, searchOf, withGenerationOptions, type GenerationFlags } from "../generation-options.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags, GenerationFlags {
  readonly stream?: true;
  readonly chat?: true;
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
    .action(async (given: string[], flags: Flags) => {
      if (flags.stream === true && flags.json === true) {
        throw new InputError("--stream writes text as it comes, and --json results as a whole: leave one of them out.");
      }
      const prompts = await textsOf(given, io);
      await withModel(flags, "generate", async (model) => {
        for (const text of prompts) await goOn(model, text, flags, io);
      });
    });
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
