/**
 * Sizes of parts as random_split has them (torch/utils/data/dataset.py since 1.13): floors, then one more to each from the first on.
 * @param who named in errors
 * @param fractions of each part; they add up to 1 within 1e-9 and not to more, as PyTorch wants them
 * @throws RangeError for other fractions, or a fraction above 0 that leaves a part empty
 */
export function splitSizes(who: string, count: number, fractions: readonly number[]): number[] {
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  if (!fractions.every((fraction) => fraction >= 0 && fraction <= 1) || !(sum <= 1 && sum >= 1 - 1e-9)) {
    throw new RangeError(`${who}: expected fractions from 0 to 1 that add up to 1, not above it, got [${fractions.join(', ')}]`);
  }
  const sizes = fractions.map((fraction) => Math.floor(count * fraction));
  const left = count - sizes.reduce((total, size) => total + size, 0);
  for (let extra = 0; extra < left; extra++) sizes[extra % sizes.length]++;
  const bare = sizes.findIndex((size, part) => size === 0 && fractions[part] > 0);
  if (bare >= 0) throw new RangeError(`${who}: expected fractions that leave no part empty, got ${fractions[bare]} of ${count}, which is none`);
  return sizes;
}
