/** All ways of learning by the names of their commands: what `heed reproduce`, `search` and `schema` look up. */
import { InputError, nearest } from "../errors/index.ts";
import { align } from "./align.ts";
import { distill } from "./distill.ts";
import { finetune } from "./finetune.ts";
import { instruct } from "./instruct.ts";
import { pretrain } from "./pretrain.ts";
import type { Way, WayConfig } from "./way.ts";

/** A way with its own config, as whoever checks configs by its schema first may hold it. */
const anyConfig = <C extends WayConfig>(way: Way<C>): Way => way as unknown as Way;

const all = [anyConfig(pretrain), anyConfig(finetune), anyConfig(instruct), anyConfig(align), anyConfig(distill)];

/** The ways, by name. */
export const ways: Readonly<Record<string, Way>> = Object.fromEntries(all.map((way) => [way.name, way]));

/** A way by its name. Throws InputError that lists the names. */
export function wayNamed(name: string): Way {
  const found = ways[name];
  if (found !== undefined) return found;
  const names = Object.keys(ways);
  const near = nearest(name, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new InputError(`There is no way of learning "${name}".${hint} There is ${names.join(", ")}.`);
}
