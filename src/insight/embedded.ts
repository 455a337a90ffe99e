/** Where tokens and pixels enter a model: what gradients by input are taken of. */
// B batch, T tokens, D width
import { nodesOf, type Tensor } from "../graph/index.ts";
import type { Side } from "./attentions.ts";
import type { ModelTensors } from "./inspected.ts";
import { streamsOf } from "./stream.ts";

/** One way in. */
export interface Entrance {
  readonly side: Side;
  /** Vectors of tokens [B, T, D] as they are looked up, before positions, or an image [B, C, h, w]. */
  readonly tensor: Tensor;
  /** The table [V, D] that vectors are looked up in. */
  readonly table?: Tensor | undefined;
}

/** Ops that hand ids on. */
const HANDING: ReadonlySet<string> = new Set(["reshape", "slice", "pad", "cast", "where"]);

/**
 * The ways into a model: the vectors of the tokens' table, of source and target apart, and pixels. Where a table comes in
 * parts (Transformer-XL) it is what enters the first layer.
 */
export function entrancesOf(tensors: Pick<ModelTensors, "all">): Entrance[] {
  const streams = streamsOf(tensors);
  const two = streams.length > 1;
  const seen = new Set<Tensor>();
  return streams.flatMap(({ name, states }): Entrance[] => {
    const [first] = states;
    const nodes = nodesOf([first!]);
    const pixels = nodes.find((node) => inputName(node.outputs[0]!) === "pixelValues");
    const looked = nodes.find(
      ({ op, inputs }) => op.name === "gather" && inputs[0]!.shape.length === 2 && hasIds(inputs[1]!),
    );
    const tensor = pixels?.outputs[0] ?? looked?.outputs[0] ?? first!;
    if (seen.has(tensor)) return [];
    seen.add(tensor);
    const text = /^decoder/.test(name) ? "target" : /^encoder/.test(name) && two ? "source" : "text";
    if (pixels !== undefined) return [{ side: "image", tensor }];
    return [{ side: text, tensor, table: looked?.inputs[0] }];
  });
}

function inputName({ node }: Tensor): string | undefined {
  return node.op.name === "input" ? (node.attributes as { readonly name: string }).name : undefined;
}

/** Whether these are the ids of tokens, maybe shifted. */
function hasIds(tensor: Tensor): boolean {
  const name = inputName(tensor);
  if (name !== undefined) return /^(inputIds|decoderInputIds)$/.test(name);
  return HANDING.has(tensor.node.op.name) && tensor.node.inputs.some(hasIds);
}
