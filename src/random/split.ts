import type { Generator } from './generator.js';

/**
 * torch.utils.data.random_split(dataset, sizes, generator): one randperm(total), cut in order.
 * @param sizes whole numbers that add up to `total`
 * @returns the indices of each part
 * @throws RangeError when the sizes do not add up
 */
export function randomSplit(generator: Generator, total: number, sizes: readonly number[]): Int32Array[] {
  let sum = 0;
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`randomSplit: expected sizes that are whole numbers, got [${sizes.join(', ')}]`);
    }
    sum += size;
  }
  if (sum !== total) throw new RangeError(`randomSplit: expected sizes that add up to ${total}, got [${sizes.join(', ')}], which is ${sum}`);
  const order = generator.randperm(total);
  let start = 0;
  return sizes.map((size) => order.slice(start, (start += size)));
}
