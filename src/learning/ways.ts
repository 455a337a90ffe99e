/** All ways of learning by the names of their commands. */
import { finetune } from "./finetune.ts";
import type { Way, WayConfig } from "./way.ts";

/** A way with its own config, as whoever checks configs by its schema first may hold it. */
const anyConfig = <C extends WayConfig>(way: Way<C>): Way => way as unknown as Way;

/** The ways that `heed search` tries settings of. */
export const ways: Readonly<Record<string, Way>> = { finetune: anyConfig(finetune) };
