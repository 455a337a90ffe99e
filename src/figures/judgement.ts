/** Figures of how a classifier is judged: which classes it takes for which, and whether its probabilities hold. */
import type { ConfusionMatrix, ReliabilityBin } from "../evaluation/index.ts";
import type { HeatGrid } from "./heat-grid.ts";
import type { LineChart } from "./line-chart.ts";

/**
 * A confusion matrix as a grid: a row for each class that was due, shaded by the share of its examples for which each
 * class was predicted; a row of a class that was never due is missing.
 */
export function confusionGrid({ labels, counts }: ConfusionMatrix): HeatGrid {
  const values = labels.map((_, gold) => counts.subarray(gold * labels.length, (gold + 1) * labels.length));
  const sizes = values.map((row) => row.reduce((sum, count) => sum + count, 0));
  return {
    title: "Confusion matrix: shares of the examples of each class",
    rows: labels.map((label, gold) => `${label} (${sizes[gold]!})`),
    columns: labels,
    values: values.map((row, gold) => row.map((count) => count / sizes[gold]!)),
    rowTitle: "gold class (examples)",
    columnTitle: "predicted",
    range: [0, 1],
  };
}

/** A reliability diagram (Guo et al. 2017, figure 1): the share that is right by confidence, beside the ideal. */
export function reliabilityChart(bins: readonly ReliabilityBin[]): LineChart & { readonly title: string } {
  const filled = bins.filter(({ examples }) => examples > 0);
  return {
    title: "Reliability: how often the prediction is right, by its probability",
    series: [
      { name: "ideal", x: [0, 1], y: [0, 1] },
      { name: "model", x: filled.map(({ confidence }) => confidence), y: filled.map(({ accuracy }) => accuracy) },
    ],
    xTitle: "probability",
    yTitle: "share right",
  };
}
