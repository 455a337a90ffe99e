/** `heed report`: what a model does with one text, as a single HTML file. */
import type { Command } from "commander";
import { Option } from "commander";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { findModel } from "../../files/hub.ts";
import { openSubject } from "../../inspect/index.ts";
import { describedCommand, engineOf, requireOption, withEngineOptions, type EngineFlags } from "../command.ts";
import type { Io } from "../io.ts";
import { reportData } from "../report/data.ts";
import { reportPage } from "../report/page.ts";
import { version } from "../version.ts";

interface Flags extends EngineFlags {
  readonly text?: string;
  readonly target?: string;
  readonly pair?: string;
  readonly ids?: string;
  readonly out: string;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "report",
    "Writes one HTML file that shows what a model does with a text: its attention, its answer, its parameters. " +
      "It opens from the disk and fetches nothing.",
    {
      run: `heed report runs/french-english --text "Jane visite l'Afrique en septembre" --out jane.html`,
      expect: "jane.html (47 kB): open it in a browser.",
    },
  );
  requireOption(made, new Option("--out <file>", "the HTML file"));
  return withEngineOptions(made)
    .argument("<model>", "a run, a checkpoint's folder, or the name of one that was pulled")
    .option("--text <text>", "what the model reads; models of images read a test card")
    .option("--target <text>", "what a model with a decoder writes, instead of its own answer")
    .option("--pair <text>", "the second text of a pair")
    .option("--ids <numbers>", "token ids with commas, for a model without a tokenizer")
    .action((model: string, flags: Flags) => report(model, flags, io));
}

async function report(model: string, flags: Flags, io: Io): Promise<void> {
  const { text = "", target, pair, out } = flags;
  const subject = await openSubject(await findModel(model), engineOf(flags));
  try {
    const ids = flags.ids === undefined ? undefined : idsOf(flags.ids);
    const data = await reportData(subject, {
      text,
      ...(target !== undefined && { target }),
      ...(pair !== undefined && { pair }),
      ...(ids !== undefined && { ids }),
    });
    const page = new TextEncoder().encode(reportPage(data, `Heed ${version}`));
    await diskFolder().write(out, page);
    await io.stdout.write(`${out} (${Math.ceil(page.length / 1000).toLocaleString("en")} kB): open it in a browser.\n`);
  } finally {
    await subject.dispose();
  }
}

function idsOf(text: string): number[] {
  const ids = text.split(",").map((part) => Number(part.trim()));
  if (ids.every((id) => Number.isInteger(id) && id >= 0)) return ids;
  throw new InputError(`--ids is "${text}"; give whole numbers with commas between them, such as 4,5,6.`);
}
