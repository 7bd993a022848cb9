// Changes to the vectors before they are aggregated.
import { ANY_BOUND, MINORITY, type PreAggregatorDefinition } from './aggregator.js';
import { acrossScales } from './scale.js';
import { indices, isFiniteRow, meanOfRows, normOf, rowOf, smallest, squaredDistances, vectorsFrom, type Vectors } from './vectors.js';

/** The rows, those of a finite norm above `limit` brought down to it. */
function clipRows(vectors: Vectors, limit: number, isClipped: (row: number) => boolean): Vectors {
  return vectorsFrom(indices(vectors.count).map((row) => {
    const values = rowOf(vectors, row);
    const norm = normOf(values);
    return isClipped(row) && norm > limit && norm < Infinity ? values.map((value) => value * (limit / norm)) : values;
  }));
}

function mixNeighbours(vectors: Vectors, byzantine: number): Vectors {
  const { count } = vectors;
  const squares = squaredDistances(vectors);
  return vectorsFrom(indices(count).map((row) => {
    // It stays what it was, so that the rule after this one knows it.
    if (!isFiniteRow(rowOf(vectors, row))) return rowOf(vectors, row);
    return meanOfRows(vectors, smallest(squares.subarray(row * count, (row + 1) * count), count - byzantine));
  }));
}

export const nnm: PreAggregatorDefinition = {
  name: 'nnm',
  help: 'nearest-neighbour mixing: each row becomes the mean of the n - f rows nearest it, itself included; ties to the lowest index',
  source: 'Allouah et al. 2023',
  options: {},
  bound: MINORITY,
  keepsRows: true,
  compute: (vectors, { byzantine }) => ({ ...vectors, values: acrossScales(vectors, (scaled) => mixNeighbours(scaled, byzantine).values) }),
};

export const bucketing: PreAggregatorDefinition = {
  name: 'bucketing',
  help: 'the rows in random order, each group of s (the last may be smaller) replaced by its mean; f stays',
  source: 'Karimireddy, He and Jaggi 2022',
  options: { size: { default: 2, number: { whole: true, least: 1 }, help: 'rows in a bucket' } },
  usual: 'size',
  bound: ANY_BOUND,
  keepsRows: false,
  rowsLeft: (count, { size }) => Math.ceil(count / Number(size)),
  compute: (vectors, { generator }, options) => {
    if (generator === undefined) throw new TypeError('bucketing: expected a generator in the context, got none; it draws the order of the rows');
    const size = Number(options.size);
    const order = generator.randperm(vectors.count);
    const buckets = Math.ceil(vectors.count / size);
    return vectorsFrom(indices(buckets).map((bucket) => meanOfRows(vectors, order.subarray(bucket * size, (bucket + 1) * size))));
  },
};

export const clipping: PreAggregatorDefinition = {
  name: 'clipping',
  help: 'rows longer than the limit are brought down to it',
  source: 'ByzFL (static clipping)',
  options: { norm: { default: 2, number: { least: 0 }, help: 'the largest norm that stays' } },
  usual: 'norm',
  bound: ANY_BOUND,
  keepsRows: true,
  compute: (vectors, _, options) => clipRows(vectors, Number(options.norm), () => true),
};

export const arc: PreAggregatorDefinition = {
  name: 'arc',
  help: 'adaptive robust clipping: the floor(2 f (n - f) / n) longest rows are brought down to the next norm',
  source: 'Allouah, Guerraoui, Gupta, Jellouli, Rizk and Stephan 2024',
  options: {},
  bound: MINORITY,
  keepsRows: true,
  compute: (vectors, { byzantine }) => {
    const { count } = vectors;
    const norms = indices(count).map((row) => normOf(rowOf(vectors, row)));
    const stay = smallest(norms, count - Math.floor((2 * byzantine * (count - byzantine)) / count));
    const limit = stay.reduce((most, row) => Math.max(most, norms[row]!), 0);
    return clipRows(vectors, limit, (row) => !stay.includes(row));
  },
};
