/**
 * How sure a score is, and whether two systems really differ: bootstrap resampling (Efron and Tibshirani 1993; Koehn
 * 2004) and approximate randomization (Noreen 1989; Riezler and Maxwell 2005), for any metric over examples.
 */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";
import { type ExampleStatistics, scoreOf } from "./examples.ts";
import { checkWhole } from "./lines.ts";

/** How often is resampled, and by which seed. */
export interface ResamplingOptions {
  /** Resamples drawn; 1,000 by default, 10,000 for `pairedRandomization`. */
  readonly samples?: number | undefined;
  /** Default 1. The same seed and number of examples draw the same resamples, whatever the metric. */
  readonly seed?: number | undefined;
  /** The share of resamples inside the interval. Default 0.95. */
  readonly confidence?: number | undefined;
}

/** A score with its bootstrap interval. */
export interface Interval {
  /** The score of the examples as they are. */
  readonly score: number;
  /** The mean over the resamples. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** (high - low) / 2, what is printed behind ±. */
  readonly halfWidth: number;
  readonly confidence: number;
  readonly samples: number;
  readonly seed: number;
  /** How many of the samples were left out, because the metric is not defined for them (AUC of one class). */
  readonly undefinedSamples: number;
}

/** What a paired test says about a system and the baseline that it is compared with. */
export interface PairedTest {
  readonly baseline: number;
  readonly system: number;
  /** system - baseline. */
  readonly difference: number;
  /** Two-sided: how likely so large a difference would be if both systems were equally good. */
  readonly pValue: number;
  readonly samples: number;
  readonly seed: number;
}

/** What a paired bootstrap finds: each system's interval and the test between them. */
export interface PairedBootstrap extends PairedTest {
  readonly baselineInterval: Interval;
  readonly systemInterval: Interval;
  readonly differenceInterval: Interval;
  /** The share of resamples in which the system scores higher than the baseline (Koehn 2004, section 4). */
  readonly wins: number;
}

interface Draw {
  readonly samples: number;
  readonly seed: number;
  readonly confidence: number;
}

function drawOf({ samples, seed = 1, confidence = 0.95 }: ResamplingOptions, fallback: number): Draw {
  const number = samples ?? fallback;
  checkWhole("samples", number, 1);
  if (!(confidence > 0 && confidence < 1)) {
    throw new InputError(`confidence is ${confidence}; it must be between 0 and 1, for example 0.95.`);
  }
  return { samples: number, seed, confidence };
}

function checkPair(baseline: ExampleStatistics, system: ExampleStatistics): void {
  if (baseline.examples !== system.examples) {
    throw new InputError(
      `The baseline has ${baseline.examples} examples and the system ${system.examples}. ` +
        "A paired test needs both systems' output for the same examples.",
    );
  }
  if (baseline.metric !== system.metric || baseline.width !== system.width) {
    throw new InputError(
      `The baseline is measured by ${baseline.metric} (${baseline.width} numbers an example), the system by ` +
        `${system.metric} (${system.width}). Compute both with the same metric and options.`,
    );
  }
  if (baseline.labels?.join("\n") !== system.labels?.join("\n")) {
    throw new InputError(
      `The baseline's numbers stand for ${listed(baseline)}, the system's for ${listed(system)}. Give both the same ` +
        "labels, those of the two together.",
    );
  }
}

function listed({ labels = [] }: ExampleStatistics): string {
  return labels.length > 8 ? `${labels.slice(0, 8).join(", ")}, …` : labels.join(", ");
}

/** Examples drawn with replacement, `samples` times. The array is the same one each time, filled anew. */
export function* resamples(examples: number, { samples, seed }: Draw): Generator<Int32Array> {
  const generator = random(seed, "bootstrap");
  const drawn = new Int32Array(examples);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < examples; i++) drawn[i] = generator.below(examples);
    yield drawn;
  }
}

/** For each example, whether the two systems' outputs are exchanged (1) or not (0), `samples` times. */
export function* exchanges(examples: number, { samples, seed }: Draw): Generator<Uint8Array> {
  const generator = random(seed, "randomization");
  const exchanged = new Uint8Array(examples);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < examples; i += 32) {
      const bits = generator.uint32();
      for (let j = i; j < Math.min(i + 32, examples); j++) exchanged[j] = (bits >>> (j - i)) & 1;
    }
    yield exchanged;
  }
}

/** Copies the rows of the drawn examples one after the other into `sample`. */
function gather({ width, rows }: ExampleStatistics, drawn: Int32Array, sample: Float64Array): Float64Array {
  for (let i = 0; i < drawn.length; i++) {
    const start = drawn[i]! * width;
    for (let column = 0; column < width; column++) sample[i * width + column] = rows[start + column]!;
  }
  return sample;
}

function definedScore(statistics: ExampleStatistics): number {
  const score = scoreOf(statistics);
  if (!Number.isNaN(score)) return score;
  throw new InputError(
    `${statistics.metric} is not defined for these ${statistics.examples} examples, so it has no interval and cannot ` +
      "be compared. (Most often all gold values are the same.)",
  );
}

function interval(score: number, scores: Float64Array, { seed, confidence }: Draw): Interval {
  const sorted = scores.filter((value) => !Number.isNaN(value)).sort();
  const samples = sorted.length;
  if (samples === 0) throw new InputError("The metric is not defined for any of the resamples. Give more examples.");
  // The small number mends products such as 1,000 · (1 - 0.9) / 2 = 49.999…
  const cut = Math.floor((samples * (1 - confidence)) / 2 + 1e-9);
  const [low, high] = [sorted[cut]!, sorted[samples - cut - 1]!];
  const undefinedSamples = scores.length - samples;
  const bounds = { low, high, halfWidth: (high - low) / 2, confidence };
  return { score, mean: mean(sorted), ...bounds, samples: scores.length, seed, undefinedSamples };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The share of chance outcomes that are at least as large as the observed one, with one added to both counts
 * (Riezler and Maxwell 2005, figure 1). sacreBLEU counts only larger ones; the two differ where outcomes tie, that is
 * where the systems differ in a few examples at most: two equal systems get 1 here.
 */
function pValueOf(chance: Float64Array, observed: number): number {
  // Sums of fractions in another order differ in the last bits: that is still a tie.
  const nearly = observed - 1e-12 * observed;
  const defined = chance.filter((value) => !Number.isNaN(value));
  const reached = defined.reduce((count, value) => count + (value >= nearly ? 1 : 0), 0);
  return (reached + 1) / (defined.length + 1);
}

/**
 * A bootstrap interval of any metric over examples: the middle 95 % of the scores of resamples, each of as many
 * examples, drawn with replacement. Give it `bleuStatistics(…)`, `meanStatistics(…)`, one of
 * `classificationStatistics(…)` and so on.
 * @throws InputError for a number of samples or a confidence that is out of range, and where the metric is not defined.
 */
export function bootstrap(statistics: ExampleStatistics, options: ResamplingOptions = {}): Interval {
  const draw = drawOf(options, 1000);
  return bootstrapOver(statistics, resamples(statistics.examples, draw), draw);
}

/** {@link bootstrap} over given resamples. */
export function bootstrapOver(statistics: ExampleStatistics, drawn: Iterable<Int32Array>, draw: Draw): Interval {
  const observed = definedScore(statistics);
  const sample = new Float64Array(statistics.rows.length);
  const scores: number[] = [];
  for (const examples of drawn) scores.push(statistics.score(gather(statistics, examples, sample)));
  return interval(observed, Float64Array.from(scores), draw);
}

/**
 * Paired bootstrap test (Koehn 2004): both systems are scored on the same resamples. The p-value is two-sided, by the
 * distribution of the absolute difference moved to mean 0, as Moses and sacreBLEU's `--paired-bs` compute it.
 * @throws InputError where the two do not have the same number of examples and metric, or it is not defined for them.
 */
export function pairedBootstrap(
  baseline: ExampleStatistics,
  system: ExampleStatistics,
  options: ResamplingOptions = {},
): PairedBootstrap {
  checkPair(baseline, system);
  const draw = drawOf(options, 1000);
  return pairedBootstrapOver(baseline, system, resamples(baseline.examples, draw), draw);
}

/** {@link pairedBootstrap} over given resamples. */
export function pairedBootstrapOver(
  baseline: ExampleStatistics,
  system: ExampleStatistics,
  drawn: Iterable<Int32Array>,
  draw: Draw,
): PairedBootstrap {
  const [baselineScore, systemScore] = [definedScore(baseline), definedScore(system)];
  const sample = new Float64Array(baseline.rows.length);
  const [baselineScores, systemScores]: [number[], number[]] = [[], []];
  for (const examples of drawn) {
    baselineScores.push(baseline.score(gather(baseline, examples, sample)));
    systemScores.push(system.score(gather(system, examples, sample)));
  }
  const differences = Float64Array.from(systemScores, (score, i) => score - baselineScores[i]!);
  const defined = differences.filter((value) => !Number.isNaN(value));
  const sizes = defined.map(Math.abs);
  const meanSize = mean(sizes);
  const difference = systemScore - baselineScore;
  return {
    baseline: baselineScore,
    system: systemScore,
    difference,
    pValue: pValueOf(
      sizes.map((size) => size - meanSize),
      Math.abs(difference),
    ),
    samples: differences.length,
    seed: draw.seed,
    baselineInterval: interval(baselineScore, Float64Array.from(baselineScores), draw),
    systemInterval: interval(systemScore, Float64Array.from(systemScores), draw),
    differenceInterval: interval(difference, differences, draw),
    wins: defined.reduce((count, value) => count + (value > 0 ? 1 : 0), 0) / defined.length,
  };
}

/**
 * Paired approximate randomization test, two-sided: how often exchanging the two systems' outputs by the toss of a coin,
 * example by example, makes a difference at least as large as the real one. sacreBLEU's `--paired-ar`.
 * @throws InputError where the two do not have the same number of examples and metric, or it is not defined for them.
 */
export function pairedRandomization(
  baseline: ExampleStatistics,
  system: ExampleStatistics,
  options: Omit<ResamplingOptions, "confidence"> = {},
): PairedTest {
  checkPair(baseline, system);
  const draw = drawOf(options, 10_000);
  return pairedRandomizationOver(baseline, system, exchanges(baseline.examples, draw), draw);
}

/** {@link pairedRandomization} over given exchanges. */
export function pairedRandomizationOver(
  baseline: ExampleStatistics,
  system: ExampleStatistics,
  exchanged: Iterable<Uint8Array>,
  draw: Draw,
): PairedTest {
  const { width } = baseline;
  const [baselineScore, systemScore] = [definedScore(baseline), definedScore(system)];
  const [first, second] = [new Float64Array(baseline.rows.length), new Float64Array(baseline.rows.length)];
  const chance: number[] = [];
  for (const examples of exchanged) {
    for (let i = 0, at = 0; i < examples.length; i++) {
      const [here, there] = examples[i] === 1 ? [system.rows, baseline.rows] : [baseline.rows, system.rows];
      for (const end = at + width; at < end; at++) {
        first[at] = here[at]!;
        second[at] = there[at]!;
      }
    }
    chance.push(Math.abs(system.score(second) - baseline.score(first)));
  }
  const difference = systemScore - baselineScore;
  return {
    baseline: baselineScore,
    system: systemScore,
    difference,
    pValue: pValueOf(Float64Array.from(chance), Math.abs(difference)),
    samples: chance.length,
    seed: draw.seed,
  };
}
