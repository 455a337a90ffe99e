/** The vectors of a model's words: where they are, and their values. */
import type { Architecture } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Side } from "./attentions.ts";
import type { InspectedModel } from "./inspected.ts";
import { rowsOf, type Rows } from "./rows.ts";

/** A table with a vector for each token. */
export interface TokenTable {
  /** The parameter; of Transformer-XL, whose words have several tables, what these become. */
  readonly name: string;
  /** Which tokens are looked up in it. */
  readonly sides: readonly Side[];
  /** [count, width] */
  readonly count: number;
  readonly width: number;
}

const TABLE = /(^|\.)(word_embeddings|embed_tokens|shared|token_embedding|wte|tokens_embed|w)\.weight$/;
const CLUSTERS = /(^|\.)word_emb\.emb_layers\.\d+\.weight$/;

/** The tables of a model's words: one, or one for source and one for target; none for a model of images alone. */
export function tokenTables(architecture: Architecture, { specs }: Pick<ModelParameters, "specs">): TokenTable[] {
  const { inputs, config } = architecture;
  if (inputs["inputIds"] === undefined) return [];
  if (specs.some(({ name }) => CLUSTERS.test(name))) {
    const { vocabulary, width } = config as { readonly vocabulary: number; readonly width: number };
    return [{ name: "word_emb", sides: ["text"], count: vocabulary, width }];
  }
  const two = inputs["decoderInputIds"] !== undefined;
  return specs.flatMap(({ name, shape }): TokenTable[] => {
    if (!TABLE.test(name)) return [];
    const [count, width] = shape as readonly [number, number];
    // OPT's only stack is called a decoder.
    const stack = two ? /(^|\.)(encoder|decoder)\.embed_tokens\./.exec(name)?.[2] : undefined;
    const both: Side[] = two ? ["source", "target"] : ["text"];
    const sides = stack === undefined ? both : stack === "encoder" ? ["source" as const] : ["target" as const];
    return [{ name, sides, count, width }];
  });
}

/** The values of a table: [count, width]. */
export async function tokenRows(
  model: InspectedModel & { readonly parameters: Pick<ModelParameters, "readOne"> },
  { name, count, width }: TokenTable,
): Promise<Rows> {
  if (name !== "word_emb") {
    return rowsOf(await model.parameters.readOne(name), width);
  }
  // Its words are projected, and its first hidden state holds nothing but the word.
  const inputIds: HostTensor = {
    dtype: "int32",
    shape: [1, count],
    data: Int32Array.from({ length: count }, (_, i) => i),
  };
  const results = await model.derive("token rows", { inputIds }, ({ all }) => {
    return new Map([["rows", all.get("hiddenStates.0")!]]);
  });
  return rowsOf(results.get("rows")!.data as Float32Array, width);
}
