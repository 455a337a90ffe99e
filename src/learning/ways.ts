/** All ways of learning by their names: what `heed reproduce` and `heed schema` look up. */
import { InputError, nearest } from "../errors/index.ts";
import { finetune } from "./finetune.ts";
import { pretrain } from "./pretrain.ts";
import type { Way } from "./way.ts";

const all = [pretrain, finetune] as const satisfies readonly { readonly name: string }[];

/** The ways, by name. */
export const ways: ReadonlyMap<string, Way> = new Map(all.map((way) => [way.name, way as unknown as Way]));

/** A way by its name. Throws InputError that lists the names. */
export function wayNamed(name: string): Way {
  const found = ways.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, [...ways.keys()]);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new InputError(`There is no way of learning "${name}".${hint} There is ${[...ways.keys()].join(", ")}.`);
}
