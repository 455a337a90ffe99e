/** Where the attention of a model is: its groups of layers, by the public names of their tensors. */
import { neededInputs, traceOf, type Architecture } from "../models/index.ts";

/** What attends or is attended to. */
export type Side = "text" | "source" | "target" | "image";

/** The layers of attention of one kind: `attentions.0`, `attentions.1` and so on. */
export interface AttentionGroup {
  /** What its tensors are called without their number: `attentions`, `crossAttentions`, `visionModelOutput.attentions`. */
  readonly name: string;
  /** In words: "self-attention", "encoder", "decoder", "cross", "image". */
  readonly title: string;
  readonly queries: Side;
  readonly keys: Side;
  readonly layers: number;
  readonly heads: number;
}

/** In words, by the ends of names. */
const titles: readonly (readonly [pattern: RegExp, Pick<AttentionGroup, "title" | "queries" | "keys">])[] = [
  [/^crossAttentions$/, { title: "cross-attention", queries: "target", keys: "source" }],
  [/^encoderAttentions$/, { title: "encoder self-attention", queries: "source", keys: "source" }],
  [/^decoderAttentions$/, { title: "decoder self-attention", queries: "target", keys: "target" }],
  [/^vision.*attentions$/, { title: "self-attention over the image", queries: "image", keys: "image" }],
  [/attentions$/, { title: "self-attention", queries: "text", keys: "text" }],
];

/** The groups of attention that a model publishes, given some inputs; empty where it has none. */
export function attentionGroups(
  architecture: Architecture,
  given: Iterable<string> = neededInputs(architecture),
): AttentionGroup[] {
  const names = [...given];
  const { trace } = traceOf(architecture, names);
  const groups = new Map<string, { layers: number; heads: number }>();
  for (const [name, tensor] of trace.records) {
    const found = /^(.*attentions)\.\d+$/i.exec(name);
    if (found === null) continue;
    const group = groups.get(found[1]!);
    if (group === undefined) groups.set(found[1]!, { layers: 1, heads: tensor.fixed(1) });
    else group.layers++;
  }
  const ofImages = names.includes("pixelValues") && !names.includes("inputIds");
  return [...groups].map(([name, sizes]) => {
    const [, words] = titles.find(([pattern]) => pattern.test(name))!;
    const image = ofImages && words.queries === "text";
    return { name, ...words, ...(image && { queries: "image", keys: "image" }), ...sizes };
  });
}
