// A parallel corpus's pairs in parts and batches, as PyTorch's random_split and DataLoader give them out, and by length.
import { randomSplit, shuffledOrderFromGlobal, type BatchOptions, type Generator } from '../random/index.js';
import { splitSizes } from './split-sizes.js';

function requireWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${what}: expected a whole number of at least ${least}, got ${value}`);
}

/**
 * torch.utils.data.random_split(pairs, fractions, generator): one randperm(count), cut in order. Both fractions count:
 * `[0.8, 0.2]` and `[0.8, 1 - 0.8]` may differ by a pair, since 1 - 0.8 is below 0.2.
 *
 * @param count number of pairs
 * @param fractions of each part, such as `[0.8, 0.2]`; they add up to 1 within 1e-9 and not to more, as PyTorch wants them
 * @returns indices of each part
 * @throws RangeError for other fractions, or a fraction above 0 that leaves a part without pairs
 */
export function splitPairs(count: number, fractions: readonly number[], generator: Generator): Int32Array[] {
  requireWhole('splitPairs: count', count, 1);
  return randomSplit(generator, count, splitSizes('splitPairs', count, fractions));
}

function cut(order: Int32Array, batchSize: number, dropLast: boolean): Int32Array[] {
  const batches: Int32Array[] = [];
  const end = dropLast ? order.length - (order.length % batchSize) : order.length;
  for (let start = 0; start < end; start += batchSize) batches.push(order.slice(start, start + batchSize));
  return batches;
}

/**
 * One epoch of DataLoader(pairs, batch_size, shuffle=True, drop_last=dropLast) with no generator: two int64 drawn from
 * PyTorch's default one (here `global`), of which the second seeds the order's own. Nothing is drawn while batches are given out.
 *
 * @returns indices, int32[batchSize] or fewer in the last
 * @throws RangeError unless count and batchSize are at least 1
 */
export function shuffledPairBatches(global: Generator, count: number, batchSize: number, options: BatchOptions = {}): Int32Array[] {
  requireWhole('shuffledPairBatches: batchSize', batchSize, 1);
  return cut(shuffledOrderFromGlobal(global, count), batchSize, options.dropLast ?? false);
}

/**
 * One pass of DataLoader(pairs, batch_size, drop_last=dropLast), pairs in order: it too draws an int64 from PyTorch's default
 * generator, and so moves what is drawn afterwards.
 *
 * @returns indices, int32[batchSize] or fewer in the last
 * @throws RangeError unless count and batchSize are at least 1
 */
export function orderedPairBatches(global: Generator, count: number, batchSize: number, options: BatchOptions = {}): Int32Array[] {
  requireWhole('orderedPairBatches: count', count, 1);
  requireWhole('orderedPairBatches: batchSize', batchSize, 1);
  global.randomInt64();
  return cut(Int32Array.from({ length: count }, (_, index) => index), batchSize, options.dropLast ?? false);
}

export interface BucketOptions extends BatchOptions {
  /** Batches that are sorted by length together: more means less padding and less chance. Default 100. */
  pool?: number;
}

/**
 * Batches of pairs of like length, in random order: a permutation of all pairs is cut into pools of `pool` batches, each pool
 * sorted by length (pairs of one length stay in the permutation's order) and cut into batches, and all batches are shuffled.
 * Draws randperm(count) and randperm(batches). Pairs that `dropLast` leaves out are chance's, of any length.
 *
 * @param lengths `[count]`, of each pair: of its source, or what its padded batch costs
 * @returns indices, int32[batchSize], or fewer in one batch
 * @throws RangeError unless there are lengths and batchSize and pool are at least 1
 */
export function bucketedBatches(lengths: ArrayLike<number>, batchSize: number, generator: Generator, options: BucketOptions = {}): Int32Array[] {
  const { pool = 100, dropLast = false } = options;
  requireWhole('bucketedBatches: lengths.length', lengths.length, 1);
  requireWhole('bucketedBatches: batchSize', batchSize, 1);
  requireWhole('bucketedBatches: pool', pool, 1);
  const order = generator.randperm(lengths.length);
  const kept = dropLast ? order.subarray(0, order.length - (order.length % batchSize)) : order;
  const batches: Int32Array[] = [];
  for (let start = 0; start < kept.length; start += batchSize * pool) {
    const byLength = Array.from(kept.subarray(start, start + batchSize * pool)).sort((a, b) => lengths[a] - lengths[b]);
    for (const batch of cut(Int32Array.from(byLength), batchSize, false)) batches.push(batch);
  }
  return Array.from(generator.randperm(batches.length), (index) => batches[index]);
}

/** Sequences of one batch, padded to the longest. */
export interface PaddedBatch {
  /** `[steps, batch]`: sequence b's token t is at `t * batch + b`, padding beyond its length. */
  readonly ids: Int32Array;
  /** `[batch]`: tokens of each sequence, without padding. */
  readonly lengths: Int32Array;
  /** Tokens of the longest sequence. */
  readonly steps: number;
  readonly batch: number;
}

/**
 * torch.nn.utils.rnn.pad_sequence(sequences, padding_value=padId), time-major, with the lengths kept.
 *
 * @param sequences token ids, each a whole number of 32 bits
 * @throws RangeError for no sequences, or an id that is not such a number
 */
export function collate(sequences: readonly ArrayLike<number>[], padId: number): PaddedBatch {
  const batch = sequences.length;
  requireWhole('collate: sequences.length', batch, 1);
  if ((padId | 0) !== padId) throw new RangeError(`collate: expected padId to be a whole number of 32 bits, got ${padId}`);
  const lengths = Int32Array.from(sequences, (sequence) => sequence.length);
  const steps = lengths.reduce((most, length) => Math.max(most, length), 0);
  const ids = new Int32Array(steps * batch).fill(padId);
  for (const [member, sequence] of sequences.entries()) {
    for (let step = 0; step < sequence.length; step++) {
      const id = sequence[step];
      if ((id | 0) !== id) throw new RangeError(`collate: expected ids that are whole numbers of 32 bits, got ${id} at ${step} of sequence ${member}`);
      ids[step * batch + member] = id;
    }
  }
  return { ids, lengths, steps, batch };
}
