/**
 * How sure a score is, and whether two systems really differ: bootstrap resampling (Efron and Tibshirani 1993; Koehn
 * 2004) and approximate randomization (Noreen 1989; Riezler and Maxwell 2005) over the statistics of each segment.
 */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";
import { checkWhole } from "./lines.ts";
import { type SegmentStatistics, sumRows } from "./segments.ts";

/** How often is resampled, and by which seed. */
export interface ResamplingOptions {
  /** Resamples drawn; 1,000 by default, 10,000 for `pairedRandomization`. */
  readonly samples?: number | undefined;
  /** Default 1. The same seed and number of segments draw the same resamples, whatever the metric. */
  readonly seed?: number | undefined;
  /** The share of resamples inside the interval. Default 0.95. */
  readonly confidence?: number | undefined;
}

/** A score with its bootstrap interval. */
export interface Interval {
  /** The score of the segments as they are. */
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

function checkPair(baseline: SegmentStatistics, system: SegmentStatistics): void {
  if (baseline.segments !== system.segments) {
    throw new InputError(
      `The baseline has ${baseline.segments} segments and the system ${system.segments}. ` +
        "A paired test needs both systems' output for the same sentences.",
    );
  }
  if (baseline.metric !== system.metric || baseline.width !== system.width) {
    throw new InputError(
      `The baseline is measured by ${baseline.metric} (${baseline.width} counts a segment), the system by ` +
        `${system.metric} (${system.width}). Compute both with the same metric and options.`,
    );
  }
}

/** Segments drawn with replacement, `samples` times. The array is the same one each time, filled anew. */
export function* resamples(segments: number, { samples, seed }: Draw): Generator<Int32Array> {
  const generator = random(seed, "bootstrap");
  const drawn = new Int32Array(segments);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < segments; i++) drawn[i] = generator.below(segments);
    yield drawn;
  }
}

/** For each segment, whether the two systems' outputs are exchanged (1) or not (0), `samples` times. */
export function* exchanges(segments: number, { samples, seed }: Draw): Generator<Uint8Array> {
  const generator = random(seed, "randomization");
  const exchanged = new Uint8Array(segments);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < segments; i += 32) {
      const bits = generator.uint32();
      for (let j = i; j < Math.min(i + 32, segments); j++) exchanged[j] = (bits >>> (j - i)) & 1;
    }
    yield exchanged;
  }
}

function scoreOfDrawn({ width, rows, score }: SegmentStatistics, drawn: Int32Array): number {
  const sums = new Float64Array(width);
  for (const segment of drawn) {
    const start = segment * width;
    for (let column = 0; column < width; column++) sums[column]! += rows[start + column]!;
  }
  return score(sums);
}

function interval(score: number, scores: Float64Array, { seed, confidence }: Draw): Interval {
  const sorted = scores.toSorted();
  const samples = sorted.length;
  // The small number mends products such as 1,000 · (1 - 0.9) / 2 = 49.999…
  const cut = Math.floor((samples * (1 - confidence)) / 2 + 1e-9);
  const [low, high] = [sorted[cut]!, sorted[samples - cut - 1]!];
  return { score, mean: mean(scores), low, high, halfWidth: (high - low) / 2, confidence, samples, seed };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The share of chance outcomes that are at least as large as the observed one, with one added to both counts
 * (Riezler and Maxwell 2005, figure 1). sacreBLEU counts only larger ones; the two differ where outcomes tie, that is
 * where the systems differ in a few segments at most: two equal systems get 1 here.
 */
function pValueOf(chance: Float64Array, observed: number): number {
  // Sums of fractions in another order differ in the last bits: that is still a tie.
  const nearly = observed - 1e-12 * observed;
  const reached = chance.reduce((count, value) => count + (value >= nearly ? 1 : 0), 0);
  return (reached + 1) / (chance.length + 1);
}

/**
 * A bootstrap interval of a corpus score: the middle 95 % of the scores of resamples, each of as many segments, drawn
 * with replacement. Give it `bleuStatistics(…)`, `chrfStatistics(…)` or `meanStatistics(…)`.
 * @throws InputError for a number of samples or a confidence that is out of range.
 */
export function bootstrap(statistics: SegmentStatistics, options: ResamplingOptions = {}): Interval {
  const draw = drawOf(options, 1000);
  return bootstrapOver(statistics, resamples(statistics.segments, draw), draw);
}

/** {@link bootstrap} over given resamples. */
export function bootstrapOver(statistics: SegmentStatistics, drawn: Iterable<Int32Array>, draw: Draw): Interval {
  const scores: number[] = [];
  for (const segments of drawn) scores.push(scoreOfDrawn(statistics, segments));
  return interval(statistics.score(sumRows(statistics)), Float64Array.from(scores), draw);
}

/**
 * Paired bootstrap test (Koehn 2004): both systems are scored on the same resamples. The p-value is two-sided, by the
 * distribution of the absolute difference moved to mean 0, as Moses and sacreBLEU's `--paired-bs` compute it.
 * @throws InputError where the two do not have the same segments and metric.
 */
export function pairedBootstrap(
  baseline: SegmentStatistics,
  system: SegmentStatistics,
  options: ResamplingOptions = {},
): PairedBootstrap {
  checkPair(baseline, system);
  const draw = drawOf(options, 1000);
  return pairedBootstrapOver(baseline, system, resamples(baseline.segments, draw), draw);
}

/** {@link pairedBootstrap} over given resamples. */
export function pairedBootstrapOver(
  baseline: SegmentStatistics,
  system: SegmentStatistics,
  drawn: Iterable<Int32Array>,
  draw: Draw,
): PairedBootstrap {
  const [baselineScores, systemScores]: [number[], number[]] = [[], []];
  for (const segments of drawn) {
    baselineScores.push(scoreOfDrawn(baseline, segments));
    systemScores.push(scoreOfDrawn(system, segments));
  }
  const differences = Float64Array.from(systemScores, (score, i) => score - baselineScores[i]!);
  const sizes = differences.map(Math.abs);
  const meanSize = mean(sizes);
  const [baselineScore, systemScore] = [baseline.score(sumRows(baseline)), system.score(sumRows(system))];
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
    wins: differences.reduce((count, value) => count + (value > 0 ? 1 : 0), 0) / differences.length,
  };
}

/**
 * Paired approximate randomization test, two-sided: how often exchanging the two systems' outputs by the toss of a coin,
 * segment by segment, makes a difference at least as large as the real one. sacreBLEU's `--paired-ar`.
 * @throws InputError where the two do not have the same segments and metric.
 */
export function pairedRandomization(
  baseline: SegmentStatistics,
  system: SegmentStatistics,
  options: Omit<ResamplingOptions, "confidence"> = {},
): PairedTest {
  checkPair(baseline, system);
  const draw = drawOf(options, 10_000);
  return pairedRandomizationOver(baseline, system, exchanges(baseline.segments, draw), draw);
}

/** {@link pairedRandomization} over given exchanges. */
export function pairedRandomizationOver(
  baseline: SegmentStatistics,
  system: SegmentStatistics,
  exchanged: Iterable<Uint8Array>,
  draw: Draw,
): PairedTest {
  const { width } = baseline;
  const [baselineSums, systemSums] = [sumRows(baseline), sumRows(system)];
  const [baselineScore, systemScore] = [baseline.score(baselineSums), system.score(systemSums)];
  const changes = system.rows.map((value, i) => value - baseline.rows[i]!);
  const chance: number[] = [];
  for (const segments of exchanged) {
    const moved = new Float64Array(width);
    for (let segment = 0; segment < segments.length; segment++) {
      if (segments[segment] === 0) continue;
      for (let column = 0; column < width; column++) moved[column]! += changes[segment * width + column]!;
    }
    const first = baseline.score(moved.map((change, column) => baselineSums[column]! + change));
    const second = system.score(moved.map((change, column) => systemSums[column]! - change));
    chance.push(Math.abs(second - first));
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
