// Rules that treat each coordinate by itself. Values are sorted first, NaN above all numbers, and sums run from the
// smallest up, so the order of the rows changes no bit.
import { MINORITY, type AggregatorDefinition } from './aggregator.js';
import type { OptionDeclaration, OptionValue } from '../core/index.js';
import type { Vectors } from './vectors.js';

export const EVEN: OptionDeclaration = {
  default: 'lower', choices: ['lower', 'mean', 'upper'],
  help: 'the median of an even number of values: the lower middle one (PyTorch), the mean of both (NumPy), the upper one',
};

/** Applies a rule to the sorted values of each coordinate. */
function eachCoordinate({ count, dimension, values }: Vectors, rule: (sorted: Float64Array) => number): Float64Array {
  const result = new Float64Array(dimension);
  const sorted = new Float64Array(count);
  for (let column = 0; column < dimension; column++) {
    for (let row = 0; row < count; row++) sorted[row] = values[row * dimension + column]!;
    result[column] = rule(sorted.sort());
  }
  return result;
}

/** Median of ascending values; `even` says which of two middle ones, or their mean. */
export function middleOf(sorted: Float64Array, even: OptionValue): number {
  const lower = sorted[(sorted.length - 1) >> 1]!;
  const upper = sorted[sorted.length >> 1]!;
  if (lower === upper || even === 'lower') return lower;
  return even === 'upper' ? upper : (lower + upper) / 2;
}

function meanBetween(sorted: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index++) sum += sorted[index]!;
  return sum / (to - from);
}

/** Mean of the `count` of ascending values nearest the median; of two equally near the lower one goes first. */
function meanAroundMedian(sorted: Float64Array, count: number, even: OptionValue): number {
  const median = middleOf(sorted, even);
  if (Number.isNaN(median)) return NaN;
  let to = sorted.findIndex((value) => value >= median);
  let from = to;
  while (to - from < count) {
    const below = from > 0 ? median - sorted[from - 1]! : Infinity;
    const above = to < sorted.length ? sorted[to]! - median : Infinity;
    // NaN above the median is farther than anything, and so is an infinity from itself.
    if (from > 0 && (to === sorted.length || !(above < below))) from--;
    else to++;
  }
  return meanBetween(sorted, from, to);
}

/** Mean around the median per coordinate [dimension]: Meamed, and Bulyan's second part. */
export function meansAroundMedians(vectors: Vectors, count: number, even: OptionValue): Float64Array {
  return eachCoordinate(vectors, (sorted) => meanAroundMedian(sorted, count, even));
}

function trimmedCount(count: number, byzantine: number, trim: OptionValue): number {
  return trim === 'f' ? byzantine : Math.floor(Number(trim) * count);
}

export const median: AggregatorDefinition = {
  name: 'median',
  help: 'coordinate-wise median',
  source: 'Yin, Chen, Ramchandran and Bartlett 2018',
  options: { even: EVEN },
  usual: 'even',
  bound: () => MINORITY,
  followsScale: true,
  selects: false,
  compute: (vectors, _, { even }) => eachCoordinate(vectors, (sorted) => middleOf(sorted, even!)),
};

export const trimmedMean: AggregatorDefinition = {
  name: 'trimmed-mean',
  help: 'coordinate-wise mean without the largest and the smallest values',
  source: 'Yin, Chen, Ramchandran and Bartlett 2018',
  options: {
    trim: {
      default: 'f', choices: ['f'], number: { least: 0, below: 0.5 },
      help: 'values left out at each end: f, or a fraction b of n for floor(b n) (Flower: 0.2)',
    },
  },
  usual: 'trim',
  bound: ({ trim }) => (trim === 'f' ? MINORITY : { text: `f <= floor(${trim} n)`, holds: (n, f) => f <= trimmedCount(n, f, trim!) }),
  followsScale: true,
  selects: false,
  compute: (vectors, { byzantine }, { trim }) => {
    const left = trimmedCount(vectors.count, byzantine, trim!);
    return eachCoordinate(vectors, (sorted) => meanBetween(sorted, left, sorted.length - left));
  },
};

export const meamed: AggregatorDefinition = {
  name: 'meamed',
  help: 'coordinate-wise mean of the n - f values nearest the median; of two equally near the lower',
  source: 'Xie, Koyejo and Gupta 2018, Generalized Byzantine-tolerant SGD',
  options: { even: EVEN },
  usual: 'even',
  bound: () => MINORITY,
  followsScale: true,
  selects: false,
  compute: (vectors, { byzantine }, { even }) => meansAroundMedians(vectors, vectors.count - byzantine, even!),
};
