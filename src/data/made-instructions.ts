/**
 * Instructions that a small model can learn to follow, and sentences of the same words that only tell: what a base model
 * learns from before it is told what to do. Everything is drawn by a seed; arguments of the test part never come in the
 * training part.
 */
import { InputError } from "../errors/index.ts";
import { hash32, random, shuffle, type Random } from "../random/index.ts";
import { madeKinds, row, type MadeKind } from "./made-kinds.ts";

/** An instruction with the only right answer. */
export interface MadeInstruction {
  readonly kind: string;
  readonly instruction: string;
  readonly output: string;
}

/** Which instructions are drawn. */
export interface MadeOptions {
  readonly seed: number;
  /** Arguments of a kind belong to one part, by their hash: a fifth to the test. */
  readonly part: "train" | "test";
  /** The kinds by their names. Default: all. */
  readonly kinds?: readonly string[] | undefined;
}

/** The names of the kinds. */
export const instructionKinds: readonly string[] = madeKinds.map(({ name }) => name);

/** Of so many arguments one is held out. */
const HELD_OUT = 5;

/** Instructions of all kinds, as many of each but for one. Throws InputError for a kind that there is not. */
export function madeInstructions(
  count: number,
  { seed, part, kinds = instructionKinds }: MadeOptions,
): MadeInstruction[] {
  const chosen = kinds.map(kindOf);
  const made = Array.from({ length: count }, (_, i) => {
    const kind = chosen[i % chosen.length]!;
    const draw = random(seed, "instruction", part, i);
    const drawn = drawnFrom(kind, draw, part);
    return { kind: kind.name, instruction: drawn.ask[draw.below(drawn.ask.length)]!, output: drawn.answer };
  });
  return shuffle(made, random(seed, "instructions", part));
}

/** Words that several sentences of a line are about, and how many sentences there are. */
const [SHARED, TOGETHER] = [
  [2, 3],
  [2, 4],
] as const;

/**
 * Lines of sentences that tell what the instructions ask for, in other words and without a question. The sentences of a
 * line are about the same words, where their kinds are about words, so that there is something to look back to.
 */
export function madeSentences(count: number, { seed, kinds = instructionKinds }: Omit<MadeOptions, "part">): string[] {
  const chosen = kinds.map(kindOf);
  return Array.from({ length: count }, (_, i) => {
    const draw = random(seed, "sentence", i);
    const words = row(draw, ...SHARED);
    const fits = ({ lengths: [least, most] = [0, 0] }: MadeKind): boolean =>
      words.length >= least && words.length <= most;
    const first = chosen[draw.below(chosen.length)]!;
    // A line of one sentence in three, and of a kind that has no row of words.
    if (!fits(first) || draw.below(3) === 0) return told(first, draw);
    const others = shuffle(chosen.filter((kind) => kind !== first && fits(kind)), draw); // prettier-ignore
    const number = TOGETHER[0] + draw.below(TOGETHER[1] - TOGETHER[0] + 1);
    return [first, ...others].slice(0, number).map((kind) => told(kind, draw, words)).join(" "); // prettier-ignore
  });
}

function told(kind: MadeKind, draw: Random, words?: readonly string[]): string {
  const { tell } = kind.make(draw, words);
  return tell[draw.below(tell.length)]!;
}

function kindOf(name: string): MadeKind {
  const found = madeKinds.find((kind) => kind.name === name);
  if (found !== undefined) return found;
  throw new InputError(`There is no kind "${name}" of instructions. The kinds are ${instructionKinds.join(", ")}.`);
}

/** Draws until the arguments belong to the part. */
function drawnFrom(kind: MadeKind, draw: Random, part: MadeOptions["part"]): ReturnType<MadeKind["make"]> {
  for (;;) {
    const drawn = kind.make(draw);
    const held = hash32("arguments", kind.name, drawn.key) % HELD_OUT === 0;
    if (held === (part === "test")) return drawn;
  }
}
