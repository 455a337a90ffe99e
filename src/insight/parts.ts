/** The parts of a model from its input to its output, by the names of its parameters: for freezing, and for rates. */
import { InputError } from "../errors/index.ts";
import { LAYER, ON_TOP, stackOf } from "./parameters.ts";

/** Where a parameter lies. */
export interface ModelPart {
  /** `top` is what follows the last layer below the head: a final norm. */
  readonly kind: "embeddings" | "layer" | "top" | "head";
  /** Of several stacks of layers: `encoder`, `decoder`, `text`, `vision`; "" where there is one. */
  readonly stack: string;
  /** The number of the layer, from 0 at the bottom. */
  readonly layer?: number | undefined;
}

/** A norm that is not the embeddings' own, nor CLIP's below its first layer. */
const FINAL_NORM = /^(?!.*(embed|pre_layrnorm)).*(norm|(^|\.)ln_f(\.|$))/i;

/** Tells the part of each of a model's parameters; `names` are all of them. */
export function partsByName(names: readonly string[]): (name: string) => ModelPart {
  const stacks = stackOf(names);
  return (name) => {
    if (ON_TOP.some(([pattern]) => pattern.test(name))) return { kind: "head", stack: "" };
    const stack = stacks(name).trim();
    const layer = LAYER.exec(name);
    if (layer !== null) return { kind: "layer", stack, layer: Number(/\d+/.exec(layer[0])![0]) };
    return { kind: FINAL_NORM.test(name) ? "top" : "embeddings", stack };
  };
}

/**
 * How far below the head each parameter is: 0 for the head, 1 for the last layer of a stack and what follows it, one
 * more for each layer below, and most for the embeddings.
 */
export function depthsByName(names: readonly string[]): (name: string) => number {
  const part = partsByName(names);
  const heights = new Map<string, number>();
  for (const name of names) {
    const { stack, layer = -1 } = part(name);
    heights.set(stack, Math.max(heights.get(stack) ?? 0, layer + 1));
  }
  const highest = Math.max(0, ...heights.values());
  return (name) => {
    const { kind, stack, layer = 0 } = part(name);
    if (kind === "head") return 0;
    if (kind === "top") return 1;
    return kind === "embeddings" ? highest + 1 : heights.get(stack)! - layer;
  };
}

/**
 * Which parameters words such as `embeddings`, `3`, `0-5`, `head`, `body` (all but the head), `encoder` and `decoder.0-2`
 * stand for. Throws InputError for a word that stands for none, with those that there are.
 */
export function parametersIn(names: readonly string[], words: readonly string[]): ReadonlySet<string> {
  const part = partsByName(names);
  const found = new Set<string>();
  for (const word of words) {
    const is = meaningOf(word.trim());
    const meant = is === undefined ? [] : names.filter((name) => is(part(name)));
    if (meant.length === 0) {
      throw new InputError(`This model has no part "${word}". Its parts are ${partNames(names.map(part)).join(", ")}.`);
    }
    for (const name of meant) found.add(name);
  }
  return found;
}

function meaningOf(word: string): ((part: ModelPart) => boolean) | undefined {
  if (word === "body") return ({ kind }) => kind !== "head";
  if (word === "embeddings" || word === "head" || word === "top") return ({ kind }) => kind === word;
  const match = /^(?:([a-z]+)(?:\.|$))?(?:(\d+)(?:-(\d+))?)?$/.exec(word);
  if (match === null || word === "") return undefined;
  const [, stack, first, last = first] = match;
  return (part) => {
    if (stack !== undefined && part.stack !== stack) return false;
    if (first === undefined) return true;
    const { layer } = part;
    return layer !== undefined && layer >= Number(first) && layer <= Number(last);
  };
}

/** Words for all parts, as `parametersIn` takes them. */
function partNames(parts: readonly ModelPart[]): string[] {
  const has = (kind: ModelPart["kind"]): string[] => (parts.some((part) => part.kind === kind) ? [kind] : []);
  const stacks = [...new Set(parts.filter(({ kind }) => kind === "layer").map(({ stack }) => stack))];
  const layers = stacks.map((stack) => {
    const last = Math.max(...parts.filter((part) => part.stack === stack).map(({ layer = 0 }) => layer));
    return `${stack === "" ? "" : `${stack}.`}${last === 0 ? "0" : `0-${last}`}`;
  });
  return [...has("embeddings"), ...layers, ...has("top"), ...has("head"), ...(has("head").length > 0 ? ["body"] : [])];
}
