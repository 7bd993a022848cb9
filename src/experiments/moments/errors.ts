/** Mean of |x|, summed in order. */
export function meanAbsolute(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.abs(values[i]!);
  return total / values.length;
}

/** Mean of |a - b|, the notebook's `error`. @throws RangeError for unequal lengths */
export function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`meanDifference: expected values of one length, got ${a.length} and ${b.length}`);
  return meanAbsolute(Float64Array.from(a, (value, index) => value - b[index]!));
}
