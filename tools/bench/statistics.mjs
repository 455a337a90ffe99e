// What the tables of the bench say of repeated measurements.

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values) {
  if (values.length === 0) throw new Error("There is no median of no values.");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, lowest and highest. */
export const spread = (values) => ({
  median: median(values),
  low: Math.min(...values),
  high: Math.max(...values),
});

/** How many times as fast `ours` is as `theirs`, by their medians; `better` says whether less or more is faster. */
export function timesAsFast(ours, theirs, better) {
  const [a, b] = [median(ours), median(theirs)];
  return better === "less" ? b / a : a / b;
}

/** Seconds of a step: the median over the steps of a round. */
export const secondsOfStep = ({ steps }) => median(steps.map(([seconds]) => seconds));

/** Work in a second: all that a round did over all the time that it took. */
export function ratePerSecond({ steps }) {
  const sum = (at) => steps.reduce((total, step) => total + step[at], 0);
  return sum(1) / sum(0);
}
