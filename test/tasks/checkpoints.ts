/** Whole tiny checkpoints in memory: folders of test/families with a tokenizer, which those do not have. */
import { readdirSync, readFileSync } from "node:fs";
import { writeTensors } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { architectureOf, parametersOf, type ConfigJson } from "../../src/models/index.ts";
import { initialValues } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { createModel } from "../../src/tasks/open.ts";
import type { Model } from "../../src/tasks/model.ts";
import type { Tokenizer } from "../../src/tokens/index.ts";

/** Engines of tests run in this thread. */
export const here = { worker: false, threads: 1 } as const;

/** A copy in memory of a folder of test/families, with more files, and with other keys in its config.json. */
export async function checkpoint(
  name: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  config: ConfigJson = {},
): Promise<Folder> {
  const from = diskFolder(`test/families/${name}`);
  const folder = memoryFolder();
  for (const file of (await from.list()).map((entry) => entry.name)) {
    if (file !== "golden.safetensors") await folder.write(file, await from.read(file));
  }
  const json = JSON.parse(new TextDecoder().decode(await from.read("config.json"))) as ConfigJson;
  await folder.write("config.json", JSON.stringify({ ...json, ...config }));
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  return folder;
}

/** Special tokens by the part that they play: how they are written, and their ids. */
type Special = Readonly<Record<string, readonly [string, number]>>;

/** Those of BERT; words begin with id 5. */
export const bertSpecial: Special = {
  ...{ pad: ["[PAD]", 0], unk: ["[UNK]", 1], cls: ["[CLS]", 2], sep: ["[SEP]", 3], mask: ["[MASK]", 4] },
};
/** Those of decoders and T5 here. */
export const endSpecial: Special = { pad: ["<pad>", 0], eos: ["</s>", 1] };

/**
 * The files of a tokenizer whose word `w7` has the id 7, so that ids are told from texts at sight.
 * @param form What is added to one text and to two, as in `[CLS] A [SEP]`; nothing where it is left out.
 */
export function wordTokenizer(
  size: number,
  special: Special,
  form?: { readonly single: string; readonly pair: string },
): Record<string, string> {
  const names = new Map(Object.values(special).map(([token, id]) => [id, token]));
  const vocab = Object.fromEntries(Array.from({ length: size }, (_, id) => [names.get(id) ?? `w${id}`, id]));
  const added = [...names].map(([id, content]) => {
    return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  });
  const pieces = (text: string): object[] =>
    text.split(" ").map((piece) => {
      const [id, type = "0"] = piece.split(":");
      return /^[AB]$/.test(id!)
        ? { Sequence: { id, type_id: Number(type) } }
        : { SpecialToken: { id, type_id: Number(type) } };
    });
  const tokens = Object.fromEntries(Object.values(special).map(([id, at]) => [id, { id, ids: [at], tokens: [id] }]));
  const template = form && {
    type: "TemplateProcessing",
    single: pieces(form.single),
    pair: pieces(form.pair),
    special_tokens: tokens,
  };
  const unk = special["unk"]?.[0] ?? special["pad"]![0];
  const json = {
    version: "1.0",
    ...{ truncation: null, padding: null, added_tokens: added, normalizer: null },
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: template ?? null,
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: unk },
  };
  const config = Object.fromEntries(Object.entries(special).map(([part, [token]]) => [`${part}_token`, token]));
  return { "tokenizer.json": JSON.stringify(json), "tokenizer_config.json": JSON.stringify(config) };
}

/** BERT's form of texts and pairs. */
export const bertForm = { single: "[CLS] A [SEP]", pair: "[CLS] A [SEP] B:1 [SEP]:1" };
/** A tokenizer for the BERTs of test/families. */
export const bertWords = wordTokenizer(53, bertSpecial, bertForm);
/** A tokenizer for the decoders of test/families, which add nothing. */
export const plainWords = wordTokenizer(53, endSpecial);
/** A tokenizer for the T5 of test/families. */
export const t5Words = wordTokenizer(53, endSpecial, { single: "A </s>", pair: "A </s> B </s>" });

/** Ids as the words of these tokenizers. */
export const wordsOf = (ids: Iterable<number>): string => [...ids].map((id) => `w${id}`).join(" ");

/** The rows of a matrix. */
export function rowsOf({ shape, data }: HostTensor): number[][] {
  const [rows, length] = shape as readonly [number, number];
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * length, (i + 1) * length), Number));
}

/** A model that a config describes, whose parameters are drawn widely enough to tell one input from another. */
export async function drawn(config: ConfigJson, className: string): Promise<Model> {
  const model = await createModel(architectureOf(config, "config.json", { className }), here);
  const values = new Map(
    parametersOf(model.architecture).map((parameter) => {
      const { name, shape } = parameter;
      const spread =
        shape.length > 1 && parameter.trained ? ({ kind: "normal", deviation: 0.3 } as const) : parameter.initial;
      const data = initialValues({ shape, initial: spread }, random(5, name));
      return [name, { dtype: "float32" as const, shape, data }];
    }),
  );
  await model.parameters.write(values);
  return model;
}

/** A folder with that model. */
export async function drawnFolder(
  config: ConfigJson,
  className: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Folder> {
  const folder = memoryFolder();
  const model = await drawn(config, className);
  await writeTensors(folder, "model.safetensors", await model.parameters.read());
  await model.dispose();
  await folder.write("config.json", JSON.stringify({ ...config, architectures: [className] }));
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  return folder;
}

/** The files of a small tokenizer in the older form of a family; see test/tokens. */
export function olderFiles(name: string): Record<string, Uint8Array> {
  const folder = new URL(`../tokens/golden/folders/${name}/`, import.meta.url);
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(new URL(file, folder)))]),
  );
}

/** The files of a tokenizer that was trained here. */
export const filesOf = (tokenizer: Tokenizer): Record<string, string | Uint8Array> =>
  Object.fromEntries(tokenizer.files());
