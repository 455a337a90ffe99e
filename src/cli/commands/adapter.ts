/** `heed adapter`: adapters of low rank beside their base. */
import { Command, Option } from "commander";
import { diskFolder } from "../../files/disk.ts";
import { findModel } from "../../files/hub.ts";
import { mergeAdapterFolder } from "../../tasks/merge-adapter.ts";
import { describedCommand, requireOption } from "../command.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly model: string;
  readonly adapter?: string;
  readonly out: string;
}

export function command(io: Io): Command {
  const merge = describedCommand("merge", "Merges an adapter into its base, and writes the model.", {
    run: "heed adapter merge --model runs/base --adapter runs/sentiment --out runs/merged",
    expect: "a model folder that needs no adapter any more, with the same logits to rounding",
  });
  requireOption(merge, new Option("--model <folder>", "the base, or an adapter that names it"));
  requireOption(merge, new Option("--out <folder>", "where the merged model goes"));
  merge
    .option("--adapter <folder>", "the adapter, where --model is the base")
    .action(async ({ model, adapter, out }: Flags) => {
      const asked = adapter === undefined ? undefined : await findModel(adapter);
      const { layers, parameters } = await mergeAdapterFolder(await findModel(model), diskFolder(out), asked);
      await io.stdout.write(
        `The model is in ${out}: ${layers} layers were changed, ${parameters} parameters replaced.\n`,
      );
    });
  return new Command("adapter").description("Adapters of low rank (LoRA) beside their base.").addCommand(merge);
}
