/** `heed inspect`: the attention of a translator while it translates a sentence; views of any model; ONNX files. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import {
  heatGridSvg,
  heatGridText,
  numberedMapSvg,
  numberedMapText,
  smallMultiplesSvg,
  type HeatGrid,
} from "../../figures/index.ts";
import { recordNames } from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import {
  attentionKinds,
  attentionOf,
  headRows,
  meanOfHeads,
  recordsWhile,
  type AttentionKind,
  type TranslatorAttention,
} from "../../tasks/translate.ts";
import { translatorForward } from "../../tasks/translator-model.ts";
import { describedCommand, engineOf, wholeNumber, withEngineOptions, type EngineFlags } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { colorDepthOf, widthOf } from "../terminal/index.ts";
import { inspectView } from "../inspect-view.ts";
import { inspectViews } from "../inspect-views/index.ts";
import { inspectOnnx, type OnnxFlags } from "./inspect-onnx.ts";
import { warnOfUnseenWords, withTranslator } from "../translation-files.ts";

interface Flags extends EngineFlags, OnnxFlags {
  readonly attention: AttentionKind;
  readonly target?: string;
  readonly layer?: number;
  readonly head?: number;
  readonly record?: string;
  readonly records?: true;
  readonly view?: string;
  readonly token?: number;
  readonly method?: string;
}

export function command(io: Io): Command {
  return withEngineOptions(
    describedCommand(
      "inspect",
      "Shows where a model looks: attention weights with tokens on both axes, or any inner tensor by name.",
      {
        run: `heed inspect runs/fr-en "Jane visite l'Afrique en septembre" --attention cross --layer 2 --head 3`,
        expect: "a shaded grid with the English tokens on the left and the French ones on top",
      },
    )
      .argument("<model>", "a trained translator; with --view any model; or any ONNX file")
      .argument("[sentence]", "the sentence to translate, or the text (or image file) that the model is to read")
      .argument("[words...]", "what a view asks for beside that, such as a second text")
      .addOption(new Option("--view <name>", viewsHelp()))
      .option("--token <n>", "of a view: the token whose answer is asked about, counted from 1", wholeNumber(1))
      .option("--method <name>", "of a view: how it is computed")
      .addOption(new Option("--attention <kind>", "which attention").choices(attentionKinds).default("cross"))
      .option("--target <sentence>", "look at this translation instead of the model's own")
      .option("--layer <n>", "one layer, counted from 1", wholeNumber(1))
      .option("--head <n>", "one head, counted from 1; without it the mean over heads", wholeNumber(1))
      .option("--record <name>", "any inner tensor instead, such as model.encoder.layers.0.hidden")
      .option("--records", "list the names of all inner tensors")
      .option("--tensor <names...>", "of an ONNX file: inner tensors to compute; without it all are listed")
      .option("--inputs <file>", "of an ONNX file: a safetensors file with what it reads")
      .addOption(
        new Option("--format <name>", "the form of the output").choices(["text", "svg", "json"]).default("text"),
      )
      .action((model: string, given: string | undefined, words: readonly string[], flags: Flags) => {
        const { view, token, method, layer, head } = flags;
        if (view !== undefined) {
          const named = Object.fromEntries(
            Object.entries({ token, method, layer, head, target: flags.target }).filter(
              ([, value]) => value !== undefined,
            ),
          );
          return inspectView(
            model,
            view,
            { text: given ?? "", words, ...named },
            { format: flags.format, engine: engineOf(flags) },
            io,
          );
        }
        if (model.endsWith(".onnx")) return inspectOnnx(model, given, flags, engineOf(flags), io);
        return withTranslator(model, engineOf(flags), async (opened) => {
          const sentence = given ?? "";
          if (sentence.trim() === "")
            throw new InputError("The sentence is empty. Give the words to look at in quotes.");
          warnOfUnseenWords(opened, [sentence], io);
          const { target, attention: kind, record } = flags;
          const options = target === undefined ? {} : { target };
          if (flags.records === true) {
            await io.stdout.write(`${recordNames(translatorForward(opened.config)).join("\n")}\n`);
          } else if (record !== undefined) {
            const found = await recordsWhile(opened, sentence, [record], options);
            await io.stdout.write(shownRecord(record, found.get(record)!, flags, io));
          } else {
            await io.stdout.write(shown(await attentionOf(opened, sentence, { kind, ...options }), flags, io));
          }
        });
      }),
  );
}

/** The views, each with what it shows. */
function viewsHelp(): string {
  const views = Object.entries(inspectViews).map(([name, { about }]) => `${name}: ${about}`);
  return `look into a model of any family. ${views.join("; ")}`;
}

function shown(found: TranslatorAttention, flags: Flags, io: Io): string {
  if (flags.format === "json") return jsonLine(asJson(found, flags));
  const panels = panelsOf(found, flags);
  if (flags.format === "svg" && panels.length > 1) {
    const heads = found.layers[0]!.shape[0]!;
    return `${smallMultiplesSvg({ ...axes(found), title: titleOf(found), panels, range: [0, 1], perRow: heads })}\n`;
  }
  if (flags.format === "svg") {
    const { name, values } = panels[0]!;
    return `${heatGridSvg({ ...axes(found), title: `${titleOf(found)}, ${name}`, values, range: [0, 1] })}\n`;
  }
  const color = { colorDepth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
  const single = flags.layer === undefined && flags.head === undefined ? averaged(found) : panels;
  const grids = single.map(({ name, values }) => {
    return heatGridText({ ...axes(found), title: `${titleOf(found)}, ${name}`, values, range: [0, 1], ...color });
  });
  return `${found.translation}\n\n${grids.join("\n\n")}\n`;
}

/** A tensor as maps of its last two axes, one for each place of the axes in front. */
function shownRecord(name: string, { shape, data }: HostTensor, { format }: Flags, io: Io): string {
  const values = Array.from(data as Float32Array);
  if (format === "json") return jsonLine({ name, shape, values });
  const [rows = 1, columns = 1] = shape.slice(-2);
  const maps = Array.from({ length: values.length / (rows * columns) }, (_, i) => ({
    title: i === 0 && values.length === rows * columns ? name : `${name}, ${i + 1}`,
    values: values.slice(i * rows * columns, (i + 1) * rows * columns),
    rows,
    columns,
    rowTitle: "token",
  }));
  if (format === "text") {
    const look = { colorDepth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
    return `${maps.map((map) => numberedMapText({ ...map, ...look })).join("\n\n")}\n`;
  }
  if (maps.length === 1) return `${numberedMapSvg(maps[0]!)}\n`;
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
  const panels = maps.map(({ title, values: panel }) => ({ name: title, values: panel }));
  return `${smallMultiplesSvg({ title: name, rows: numbered(rows), columns: numbered(columns), panels })}\n`;
}

const sideNames = {
  cross: ["translation", "source"],
  encoder: ["source, looking", "source, looked at"],
  decoder: ["predicted", "read so far"],
} as const;

function axes({
  kind,
  queries,
  keys,
}: TranslatorAttention): Pick<HeatGrid, "rows" | "columns" | "rowTitle" | "columnTitle"> {
  const [rowTitle, columnTitle] = sideNames[kind];
  return { rows: queries, columns: keys, rowTitle, columnTitle };
}

const titleOf = ({ kind }: TranslatorAttention): string => `${kind} attention`;

interface Panel {
  readonly name: string;
  readonly values: Float32Array[];
}

/** The heads that were asked for; all of them where none was. */
function panelsOf({ layers }: TranslatorAttention, { layer, head }: Flags): Panel[] {
  const heads = layers[0]!.shape[0]!;
  if ((layer ?? 1) > layers.length || (head ?? 1) > heads) {
    throw new InputError(
      `The model has layers 1 to ${layers.length} with heads 1 to ${heads}; layer ${layer ?? 1}, head ${head ?? 1} was asked for.`,
    );
  }
  const chosen = layer === undefined ? layers.map((_, i) => i) : [layer - 1];
  return chosen.flatMap((l) => {
    if (head === undefined && layer !== undefined)
      return [{ name: `layer ${l + 1}, mean of ${heads} heads`, values: meanOfHeads(layers[l]!) }];
    const which = head === undefined ? Array.from({ length: heads }, (_, h) => h) : [head - 1];
    return which.map((h) => ({ name: `layer ${l + 1}, head ${h + 1}`, values: headRows(layers[l]!, h) }));
  });
}

/** The mean over the heads of each layer. */
function averaged({ layers }: TranslatorAttention): Panel[] {
  return layers.map((layer, l) => ({
    name: `layer ${l + 1}, mean of ${layer.shape[0]!} heads`,
    values: meanOfHeads(layer),
  }));
}

function asJson(found: TranslatorAttention, flags: Flags): unknown {
  const { kind, queries, keys, translation } = found;
  const panels = panelsOf(found, flags).map(({ name, values }) => ({
    name,
    values: values.map((row) => Array.from(row)),
  }));
  return { kind, queries, keys, translation, panels };
}
