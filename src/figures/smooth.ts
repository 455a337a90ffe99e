/**
 * A noisy line made smooth: a mean whose weights fall by `weight` from one value to the one before it, corrected for its
 * beginning (as of Adam's moments; Kingma and Ba, 2015, section 3). 0 leaves the values as they are; what is not finite
 * stays a gap and counts for nothing.
 */
export function smoothed(values: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(values.length);
  let [sum, mass] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    result[i] = value;
    if (!Number.isFinite(value)) continue;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    result[i] = sum / mass;
  }
  return result;
}
