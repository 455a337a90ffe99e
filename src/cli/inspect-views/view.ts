/** What a view of `heed inspect` is: a query, the question that flags make, and how its answer is shown. */
import type { ColorDepth } from "../../figures/index.ts";
import type { QueryName } from "../../inspect/index.ts";

/** What the command line says. Layers, heads and tokens count from 1. */
export interface ViewFlags {
  readonly text: string;
  readonly target?: string;
  readonly layer?: number;
  readonly head?: number;
  readonly token?: number;
  /** The rest of the command line. */
  readonly words: readonly string[];
  readonly method?: string;
  /** A file of an image, in base64. */
  readonly image?: string;
}

/** How much room there is. */
export interface ViewLook {
  readonly width: number;
  readonly colorDepth: ColorDepth;
}

/** One view. */
export interface InspectView {
  /** One sentence for the help. */
  readonly about: string;
  readonly query: QueryName;
  /** What is asked with. */
  readonly question: (flags: ViewFlags) => unknown;
  readonly text: (answer: never, look: ViewLook) => string;
  readonly svg: (answer: never) => string;
}

/** A view whose functions see the answer of its query. */
export function view<A>(
  made: Omit<InspectView, "text" | "svg"> & {
    readonly text: (answer: A, look: ViewLook) => string;
    readonly svg: (answer: A) => string;
  },
): InspectView {
  return made;
}

/** What is read, from the flags. */
export function readingOf({ text, target, image }: ViewFlags): Record<string, string> {
  return { text, ...(target !== undefined && { target }), ...(image !== undefined && { image }) };
}

/** The answer that is asked about: that at the place which `--token` names. */
export function askedOf({ token }: ViewFlags): { answer?: { position: number } } {
  return token === undefined ? {} : { answer: { position: token - 1 } };
}
