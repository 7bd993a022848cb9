// Rules that look at the direction in which the rows vary most.
import { MINORITY, type AggregatorDefinition } from './aggregator.js';
import { largestEigenpair } from './eigen.js';
import { dot, finiteRows, indices, meanOfRows, rowOf, squaredDistances, takeRows, type Vectors } from './vectors.js';

const MOST_SUBSETS = 50_000;

function weightedMean(vectors: Vectors, weights: Float64Array, sum: number): Float64Array {
  const mean = new Float64Array(vectors.dimension);
  weights.forEach((weight, row) => {
    if (weight === 0) return;
    const values = rowOf(vectors, row);
    for (let column = 0; column < mean.length; column++) mean[column]! += weight * values[column]!;
  });
  return mean.map((value) => value / sum);
}

const square = (value: number) => value * value;

interface Variation {
  /** Largest eigenvalue of sum(c y y^T) / sum(c). */
  eigenvalue: number;
  /** Each row's squared component along its eigenvector, up to one factor [count]. */
  squares: Float64Array;
}

/** By the covariance of the coordinates [dimension, dimension]. */
function variationOfColumns(vectors: Vectors, mean: Float64Array, weights: Float64Array, sum: number): Variation {
  const { count, dimension } = vectors;
  const centered = { ...vectors, values: vectors.values.map((value, at) => value - mean[at % dimension]!) };
  const covariance = new Float64Array(dimension * dimension);
  for (let row = 0; row < count; row++) {
    const y = rowOf(centered, row);
    for (let i = 0; i < dimension; i++) {
      const part = (weights[row]! * y[i]!) / sum;
      for (let j = 0; j < dimension; j++) covariance[i * dimension + j]! += part * y[j]!;
    }
  }
  const { value, vector } = largestEigenpair(covariance, dimension);
  return { eigenvalue: value, squares: Float64Array.from(indices(count), (row) => square(dot(rowOf(centered, row), vector))) };
}

/**
 * By the rows' inner products about the weighted mean [count, count], which have the same eigenvalues beside zeros, from the squared
 * distances: -(d_ij - d_i - d_j + d) / 2, d_i and d the weighted means (Torgerson 1952). The rows themselves are met once for all passes.
 */
function variationOfRows(distances: Float64Array, weights: Float64Array, sum: number): Variation {
  const count = weights.length;
  const means = weights.map((_, row) => dot(distances.subarray(row * count, (row + 1) * count), weights) / sum);
  const mean = dot(means, weights) / sum;
  const products = new Float64Array(count * count);
  const weighed = new Float64Array(count * count);
  const roots = weights.map(Math.sqrt);
  for (let i = 0, at = 0; i < count; i++) {
    for (let j = 0; j < count; j++, at++) {
      products[at] = -0.5 * (distances[at]! - means[i]! - means[j]! + mean);
      weighed[at] = (products[at]! * roots[i]! * roots[j]!) / sum;
    }
  }
  const { value, vector } = largestEigenpair(weighed, count);
  const combination = vector.map((entry, row) => entry * roots[row]!);
  return { eigenvalue: value, squares: weights.map((_, row) => square(dot(products.subarray(row * count, (row + 1) * count), combination))) };
}

export const caf: AggregatorDefinition = {
  name: 'caf',
  help: 'rows lose weight by how far they lie along the direction of most variance, until n - 2f is left; the mean seen with least variance',
  source: 'Allouah, Guerraoui and Stephan 2025 (covariance-bound agnostic filter)',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }) => {
    const rows = takeRows(vectors, finiteRows(vectors));
    const distances = rows.dimension > rows.count ? squaredDistances(rows) : undefined;
    let weights: Float64Array = new Float64Array(rows.count).fill(1);
    let sum = rows.count;
    let least = Infinity;
    let best = meanOfRows(rows);
    do {
      const mean = weightedMean(rows, weights, sum);
      const { eigenvalue, squares } = distances === undefined ? variationOfColumns(rows, mean, weights, sum) : variationOfRows(distances, weights, sum);
      if (eigenvalue < least) [least, best] = [eigenvalue, mean];
      // Of the rows that still count: a row far out that counts no more would hold the others' weights where they are.
      const largest = squares.reduce((most, each, row) => (weights[row]! > 0 ? Math.max(most, each) : most), 0);
      if (largest === 0) break;
      weights = weights.map((weight, row) => (weight > 0 ? weight * (1 - squares[row]! / largest) : 0));
      sum = weights.reduce((total, weight) => total + weight, 0);
    } while (sum > vectors.count - 2 * byzantine);
    return best;
  },
};

/** The subsets of 0..count-1 with `size` members, in lexicographic order. */
function* subsets(count: number, size: number): Generator<readonly number[]> {
  const members = indices(size);
  for (;;) {
    yield members;
    let at = size - 1;
    while (at >= 0 && members[at] === count - size + at) at--;
    if (at < 0) return;
    members[at]!++;
    for (let next = at + 1; next < size; next++) members[next] = members[next - 1]! + 1;
  }
}

function subsetCount(count: number, size: number): number {
  let product = 1;
  for (let k = 1; k <= size; k++) product = (product * (count - size + k)) / k;
  return Math.round(product);
}

/** Inner products of a subset about its mean, from squared distances: -J D J / 2 with J = I - 1/m (Torgerson 1952). */
function centeredProducts(squares: Float64Array, count: number, members: readonly number[]): Float64Array {
  const size = members.length;
  const products = Float64Array.from({ length: size * size }, (_, at) => squares[members[Math.floor(at / size)]! * count + members[at % size]!]!);
  const means = members.map((_, row) => products.subarray(row * size, (row + 1) * size).reduce((sum, square) => sum + square, 0) / size);
  const mean = means.reduce((sum, value) => sum + value, 0) / size;
  return products.map((square, at) => -0.5 * (square - means[Math.floor(at / size)]! - means[at % size]! + mean));
}

/** The n - f rows whose covariance has the smallest largest eigenvalue; of equal ones the first in lexicographic order. */
function leastVariationRows(vectors: Vectors, byzantine: number): readonly number[] {
  const { count, dimension } = vectors;
  const size = count - byzantine;
  if (size === 1) return [0];
  const squares = squaredDistances(vectors);
  let best: readonly number[] = [];
  let least = Infinity;
  for (const members of subsets(count, size)) {
    const products = centeredProducts(squares, count, members);
    const trace = members.reduce((sum, _, row) => sum + products[row * size + row]!, 0);
    // The largest eigenvalue is at least the mean of those that are not zero.
    if (!(trace / Math.min(dimension, size - 1) < least * (1 + 1 / 2 ** 40))) continue;
    const { value } = largestEigenpair(products, size);
    if (value < least) [least, best] = [value, members.slice()];
  }
  return best;
}

export const smea: AggregatorDefinition = {
  name: 'smea',
  help: `mean of the n - f rows whose covariance has the smallest largest eigenvalue; tries every subset, at most ${MOST_SUBSETS}`,
  source: 'Allouah, Guerraoui, Gupta, Pinot and Stephan 2023',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }) => {
    const subsetsToTry = subsetCount(vectors.count, byzantine);
    if (subsetsToTry > MOST_SUBSETS) {
      throw new RangeError(`smea: expected at most ${MOST_SUBSETS} subsets of n - f rows, got ${subsetsToTry} with n = ${vectors.count} and f = ${byzantine}; take a smaller f, or caf`);
    }
    return meanOfRows(vectors, leastVariationRows(vectors, byzantine));
  },
};
