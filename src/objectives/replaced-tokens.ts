/**
 * Replaced-token detection (Clark, Luong, Le, Manning: "ELECTRA: Pre-training text encoders as discriminators rather than
 * generators", 2020, section 2): a small generator guesses hidden tokens, and the discriminator says of each token
 * whether it is the original. Both are trained at once, in one trace; no gradient goes through the guesses.
 */
// B batch, T tokens, C hidden tokens of all rows together, V vocabulary
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import { architectureOf, logisticLoss, type Architecture } from "../models/index.ts";
import type { Scope } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";

/** Where the generator's own parameters lie. */
export const GENERATOR = "generator";
/** The part of both models that they share. */
const SHARED = "electra.embeddings.";

/** How the two losses are added. */
export interface ReplacedTokensOptions {
  /** Lambda, what the discriminator's loss is multiplied by. Default: 50 (section 2). */
  readonly weight?: number | undefined;
}

/**
 * The generator that belongs to a discriminator: as deep, `size` times as wide, with embeddings of the same width. The
 * paper finds a quarter to a half best (section 3.2, figure 3).
 */
export function generatorOf(discriminator: Architecture, size: number): Architecture {
  const json = discriminator.toJson();
  const heads = Math.max(1, Math.round(Number(json["num_attention_heads"]) * size));
  const part = (key: string): number => Math.max(1, Math.round((Number(json[key]) * size) / heads)) * heads;
  const own = {
    num_attention_heads: heads,
    hidden_size: part("hidden_size"),
    intermediate_size: part("intermediate_size"),
  };
  return architectureOf({ ...json, ...own }, "the generator", { className: "ElectraForMaskedLM" });
}

/**
 * The name of a parameter of the generator where both models are trained: its embeddings are those of the discriminator,
 * words, positions, segments and their norm (section 3.2).
 */
export function generatorParameter(name: string): string {
  return name.startsWith(SHARED) ? name : `${GENERATOR}.${name}`;
}

/** The generator's part of a trace: parameters and published tensors under names of its own, but what is shared. */
export function generatorScope(scope: Scope, instead?: (name: string, published: Tensor) => Tensor): Scope {
  const front = `${GENERATOR}.`;
  return scope.at(GENERATOR).with({
    rename: (path) => generatorParameter(path.slice(front.length)),
    publishAs: (name) => front + name,
    instead,
  });
}

const [batch, time, hidden] = [dimension("batch"), dimension("time"), dimension("hidden")];
const ids = (name: string): Tensor => input(name, "int32", [batch, time]);

/**
 * Both losses, from these inputs beside those of the models, whose `inputIds` are the text with hidden tokens:
 * `originalIds` int32[B, T], `hiddenAt` int32[C], the places of the hidden tokens in all rows laid end to end,
 * `hiddenNumber` int32[B, T], which of the C a place is, or −1, and `draws` float32[C] from [0, 1), each of which chooses
 * a token from the generator's distribution by its cumulated probabilities.
 *
 * The loss is summed over the real tokens: (mean over C of the generator's) + λ (mean over real tokens of the
 * discriminator's), times their number. `right` counts right decisions, `original` the tokens that are the original (what
 * a guess of the majority gets), `generator` and `discriminator` are both losses, and `guessed` the share of C that the
 * generator guessed right, each in the same measure.
 */
export function replacedTokens(
  generator: Architecture,
  discriminator: Architecture,
  given: Iterable<string>,
  { weight = 50 }: ReplacedTokensOptions = {},
): Objective {
  const names = [...given].filter((name) => discriminator.inputs[name] !== undefined && name !== "labels");
  return (scope) => {
    const original = ids("originalIds");
    const mask = names.includes("attentionMask") ? ids("attentionMask") : original.onesLike();
    const real = mask.cast("float32");
    const tokens = real.sum();

    const places = input("hiddenAt", "int32", [hidden]);
    const logits = hiddenLogits(scope, generator, names, places); // [C, V]
    scope.at("loss").enter();
    const wanted = original.reshape([-1]).gather(places);
    const count = logits.sizeValue(hidden);
    const guessing = logits.crossEntropy(wanted).sum().mul(tokens).div(count);

    const sampled = sample(logits.stopGradient(), input("draws", "float32", [hidden]));
    const number = ids("hiddenNumber");
    const shown = number.less(0).where(original, sampled.gather(number.maximum(0)));
    const replaced = shown.equal(original).not();

    const judged = discriminatorLogits(scope, discriminator, names, shown); // [B, T]
    scope.at("loss").enter();
    const truth = replaced.cast("float32");
    const detecting = logisticLoss(judged, truth).mul(real).sum();
    const loss = guessing.add(detecting.scale(weight));
    if (scope.trace.kind === "training") return { loss };
    const right = judged.greater(0).cast("float32").equal(truth).cast("float32").mul(real).sum();
    const guessed = sampled.equal(wanted).cast("float32").sum().mul(tokens).div(count);
    const kept = truth.rsub(1).mul(real).sum();
    return { loss, generator: guessing, discriminator: detecting, right, original: kept, guessed };
  };
}

/** The generator's scores at the hidden places alone: its last hidden states are gathered before its head sees them. */
function hiddenLogits(scope: Scope, generator: Architecture, names: readonly string[], places: Tensor): Tensor {
  const last = `hiddenStates.${generator.config["layers"] as number}`;
  const chosen = (name: string, x: Tensor): Tensor => (name === last ? x.reshape([-1, x.fixed(-1)]).gather(places) : x);
  const { logits } = generator.compute(generatorScope(scope, chosen), names);
  if (logits?.shape.length === 2) return logits;
  throw new GraphError(`${generator.className} gives no scores of tokens at chosen places. Use ElectraForMaskedLM.`);
}

/**
 * One token for each row of logits [C, V], with the probabilities that they stand for: the first whose cumulated
 * probability is above the row's number from [0, 1).
 */
function sample(logits: Tensor, draws: Tensor): Tensor {
  const sums = logits.softmax().cumulativeSum(-1);
  const bounds = draws.unsqueeze(-1).mul(sums.max(-1, { keep: true }));
  const before = sums.lessOrEqual(bounds).cast("int32").sum(-1);
  return before.minimum(logits.fixed(-1) - 1);
}

/** The discriminator's scores of the text that it is shown. */
function discriminatorLogits(
  scope: Scope,
  architecture: Architecture,
  names: readonly string[],
  shown: Tensor,
): Tensor {
  const reading = scope.with({ given: (name) => (name === "inputIds" ? shown : undefined) });
  const { logits } = architecture.compute(reading, names);
  if (logits?.shape.length === 2) return logits;
  throw new GraphError(`${architecture.className} gives no score of each token. Use ElectraForPreTraining.`);
}
