// The order in which torch.utils.data's DataLoader (torch/utils/data/{dataloader,sampler}.py, no workers) visits a
// dataset, and what it draws from a generator meanwhile.
import { Generator } from './generator.js';

function requireSize(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${what}: expected a whole number of at least 1, got ${value}`);
}

/**
 * One epoch of DataLoader(shuffle=True, generator=generator) over n items, all its draws at once: an int64 (the base
 * seed), a permutation (the order), and a permutation that is thrown away. Where something else draws from the same
 * generator during the epoch, {@link shuffledBatches} keeps PyTorch's timing.
 * @throws RangeError unless n is at least 1
 */
export function shuffledOrder(generator: Generator, n: number): Int32Array {
  requireSize('shuffledOrder: n', n);
  generator.randomInt64();
  const order = generator.randperm(n);
  generator.randperm(n);
  return order;
}

export interface BatchOptions {
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
}

/**
 * The batches of one epoch of DataLoader(shuffle=True, generator=generator), with each draw when PyTorch makes it: the base
 * seed at this call; the order when the first batch is asked for; the permutation that is thrown away when the sampler
 * runs dry, which is before a short last batch is given out (or found and dropped), and after a full last batch, when
 * the next one is asked for. An epoch that is left early never draws it.
 * @returns indices, int32[batchSize] or fewer in the last
 * @throws RangeError unless n and batchSize are at least 1
 */
export function shuffledBatches(
  generator: Generator, n: number, batchSize: number, options: BatchOptions = {},
): IterableIterator<Int32Array> {
  requireSize('shuffledBatches: n', n);
  requireSize('shuffledBatches: batchSize', batchSize);
  generator.randomInt64();
  return permutedBatches(generator, n, batchSize, options.dropLast ?? false);
}

function* permutedBatches(generator: Generator, n: number, batchSize: number, dropLast: boolean): IterableIterator<Int32Array> {
  const order = generator.randperm(n);
  const whole = n - (n % batchSize);
  for (let start = 0; start < whole; start += batchSize) yield order.slice(start, start + batchSize);
  generator.randperm(n);
  if (whole < n && !dropLast) yield order.slice(whole);
}

/**
 * One epoch of DataLoader(shuffle=True) with no generator: from PyTorch's default one (here `global`) an int64 for the
 * base seed and one that seeds the sampler's own generator, which draws the order.
 * @throws RangeError unless n is at least 1
 */
export function shuffledOrderFromGlobal(global: Generator, n: number): Int32Array {
  requireSize('shuffledOrderFromGlobal: n', n);
  return withSamplerGenerator(global, (sampler) => sampler.randperm(n));
}

/**
 * One epoch of DataLoader(sampler=RandomSampler(replacement=True, num_samples=count)) over n items with no generator.
 * @throws RangeError unless n and count are at least 1
 */
export function replacementOrderFromGlobal(global: Generator, n: number, count: number): Int32Array {
  requireSize('replacementOrderFromGlobal: n', n);
  requireSize('replacementOrderFromGlobal: count', count);
  // Blocks of 32 draw the same words as one call would: a range below 2^32 takes one word an index.
  return withSamplerGenerator(global, (sampler) => sampler.randint(0, n, count) as Int32Array);
}

function withSamplerGenerator<T>(global: Generator, draw: (sampler: Generator) => T): T {
  global.randomInt64();
  const sampler = new Generator(global.core, global.randomInt64());
  try {
    return draw(sampler);
  } finally {
    sampler.dispose();
  }
}
