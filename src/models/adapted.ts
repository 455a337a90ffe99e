/** A model in which something is frozen or adapted, without its own file knowing. */
import type { WeightLayout } from "../graph/index.ts";
import { lowRank, lowRankRows, type LowRank, type Scope } from "../nn/index.ts";
import { neededInputs, traceOf, type Architecture, type ModelTask } from "./family.ts";

/** What is different about an architecture. */
export interface Adaptation {
  /** How the linear layer or embedding of this path is adapted; undefined for one that stays as it is. */
  readonly lora?: ((path: string) => LowRank | undefined) | undefined;
  /** Whether a parameter is trained, by its name, those of `lora` among them. Default: all are. */
  readonly trained?: ((name: string) => boolean) | undefined;
}

/**
 * The architecture with low-rank changes beside linear layers and embeddings, and with parameters that are not trained. Whatever takes
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
    adaptRows:
      lora &&
      ((scope, ids, rows, count) => {
        const how = lora(below(scope.path));
        return how === undefined ? rows : lowRankRows(scope, ids, rows, count, how);
      }),
  };
}

/** A layer that can be adapted. */
export interface AdaptableLayer {
  /** Its path: its weight is called `<path>.weight`. */
  readonly path: string;
  /** Widths of what goes in and of what comes out; an embedding is a layer on one-hot rows. */
  readonly from: number;
  readonly to: number;
  /** How its weight lies. */
  readonly layout: WeightLayout;
  /** Whether its rows are looked up: an embedding. */
  readonly table: boolean;
}

/** What scores words: an embedding's table may be the weight of that, too, and cannot change alone. */
const SCORE_WORDS: readonly ModelTask[] = ["masked-lm", "pre-training", "causal-lm", "conditional-generation"];

/**
 * The linear layers of an architecture by their paths, in the order in which they are used first; embeddings are among
 * them where no output layer can share their table.
 */
export function adaptableLayers(architecture: Architecture): Map<string, AdaptableLayer> {
  const layers = new Map<string, AdaptableLayer>();
  const watched: Architecture = {
    ...architecture,
    compute: (scope, given) => {
      const adapt: Parameters<Scope["with"]>[0]["adapt"] = ({ path }, x, y, layout) => {
        layers.set(path, { path, from: x.fixed(-1), to: y.fixed(-1), layout, table: false });
        return y;
      };
      const adaptRows: Parameters<Scope["with"]>[0]["adaptRows"] = ({ path }, _, rows, count) => {
        if (!SCORE_WORDS.includes(architecture.task)) {
          layers.set(path, { path, from: count, to: rows.fixed(-1), layout: "in-out", table: true });
        }
        return rows;
      };
      return architecture.compute(scope.with({ adapt, adaptRows }), given);
    },
  };
  traceOf(watched, neededInputs(watched));
  return layers;
}
