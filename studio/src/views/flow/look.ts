/** How the numbers of a step are colored: shares from 0 to 1, all others around zero. */
import type { ScaleName } from "heed/figures";
import type { FlowStep } from "heed/insight";

export function look(
  { role }: FlowStep,
  [low, high]: readonly [number, number],
): { readonly scale: ScaleName; readonly range: readonly [number, number] } {
  if (role === "weights") return { scale: "sequential", range: [0, 1] };
  const reach = Math.max(-low, high, 1e-9);
  return { scale: "diverging", range: [-reach, reach] };
}
