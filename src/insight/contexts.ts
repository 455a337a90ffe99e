/** What heads give, by the attention that they belong to. */
import type { Tensor } from "../graph/index.ts";
import type { ModelTensors } from "./inspected.ts";

/**
 * What heads give in each layer, [B, H, T, K], before the output projection, by the name of the group of weights
 * (`attentions`, `crossAttentions`).
 */
export function contextsOf({ all }: Pick<ModelTensors, "all">): Map<string, Tensor[]> {
  const groups = new Map<string, Tensor[]>();
  for (const [name, tensor] of all) {
    const found = /^(.*)(c|C)ontexts\.\d+$/.exec(name);
    if (found === null) continue;
    const group = `${found[1]!}${found[2] === "C" ? "Attentions" : "attentions"}`;
    const before = groups.get(group);
    if (before === undefined) groups.set(group, [tensor]);
    else before.push(tensor);
  }
  return groups;
}
