/** Where the hidden states of a model are: its stacks, by the public names of their tensors. */
import { neededInputs, traceOf, type Architecture } from "../models/index.ts";
import type { Side } from "./attentions.ts";

/** The hidden states of one stack: `hiddenStates.0`, which are embeddings, `hiddenStates.1` and so on. */
export interface HiddenGroup {
  /** What its tensors are called without their number: `hiddenStates`, `decoderHiddenStates`. */
  readonly name: string;
  readonly side: Side;
  /** How many there are: one more than layers. */
  readonly states: number;
  readonly width: number;
}

/** The stacks of hidden states that a model publishes, given some inputs. */
export function hiddenGroups(
  architecture: Architecture,
  given: Iterable<string> = neededInputs(architecture),
): HiddenGroup[] {
  const names = [...given];
  const { trace } = traceOf(architecture, names);
  const groups = new Map<string, { states: number; width: number }>();
  for (const [name, tensor] of trace.records) {
    const found = /^(.*hiddenStates)\.\d+$/i.exec(name);
    if (found === null) continue;
    const group = groups.get(found[1]!);
    if (group === undefined) groups.set(found[1]!, { states: 1, width: tensor.fixed(-1) });
    else group.states++;
  }
  const ofImages = names.includes("pixelValues") && !names.includes("inputIds");
  return [...groups].map(([name, sizes]) => ({ name, side: sideOf(name, ofImages), ...sizes }));
}

function sideOf(name: string, ofImages: boolean): Side {
  if (ofImages || name.startsWith("vision")) return "image";
  if (name.startsWith("encoder")) return "source";
  return name.startsWith("decoder") ? "target" : "text";
}
