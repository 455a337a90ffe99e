/** A model in which something is frozen or adapted, without its own file knowing. */
import type { WeightLayout } from "../graph/index.ts";
import { lowRank, type LowRank, type Scope } from "../nn/index.ts";
import { neededInputs, traceOf, type Architecture } from "./family.ts";

/** What is different about an architecture. */
export interface Adaptation {
  /** How the linear layer of this path is adapted; undefined for one that stays as it is. */
  readonly lora?: ((path: string) => LowRank | undefined) | undefined;
  /** Whether a parameter is trained, by its name, those of `lora` among them. Default: all are. */
  readonly trained?: ((name: string) => boolean) | undefined;
}

/**
 * The architecture with low-rank changes beside linear layers, and with parameters that are not trained. Whatever takes
 * an architecture takes this one: `parametersOf`, `Model`, objectives, a `Trainer`. Names are those of the architecture
 * alone, wherever in a larger model it is traced.
 */
export function adapted(architecture: Architecture, how: Adaptation): Architecture {
  return {
    ...architecture,
    compute: (scope, given) => architecture.compute(scope.with(rulesBelow(scope, how)), given),
    untied: () => {
      const untied = architecture.untied();
      return untied && adapted(untied, how);
    },
  };
}

function rulesBelow({ path: place }: Scope, { lora, trained }: Adaptation): Parameters<Scope["with"]>[0] {
  const below = (full: string): string => (full.startsWith(`${place}.`) ? full.slice(place.length + 1) : full);
  return {
    trained: trained && ((name) => trained(below(name))),
    adapt:
      lora &&
      ((scope, x, y) => {
        const how = lora(below(scope.path));
        return how === undefined ? y : lowRank(scope, x, y, how);
      }),
  };
}

/** A layer that can be adapted. */
export interface LinearLayer {
  /** Its path: its weight is called `<path>.weight`. */
  readonly path: string;
  /** Widths of what goes in and of what comes out. */
  readonly from: number;
  readonly to: number;
  /** How its weight lies. */
  readonly layout: WeightLayout;
}

/** The linear layers of an architecture by their paths, in the order in which they are used first. */
export function linearLayers(architecture: Architecture): Map<string, LinearLayer> {
  const layers = new Map<string, LinearLayer>();
  const watched: Architecture = {
    ...architecture,
    compute: (scope, given) => {
      const adapt: Parameters<Scope["with"]>[0]["adapt"] = ({ path }, x, y, layout) => {
        layers.set(path, { path, from: x.fixed(-1), to: y.fixed(-1), layout });
        return y;
      };
      return architecture.compute(scope.with({ adapt }), given);
    },
  };
  traceOf(watched, neededInputs(watched));
  return layers;
}
