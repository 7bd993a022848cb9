// Rules over distances and norms: the mean, the geometric median's rule, centred clipping, and those that keep the
// nearest or the shortest. Ties go to the lowest index.
import { ANY_BOUND, MINORITY, type AggregatorDefinition } from './aggregator.js';
import { geometricMedian } from './geometric-median.js';
import type { OptionValues } from '../core/index.js';
import { difference, distanceOf, dot, finiteRows, indexOfLargest, indices, isFiniteRow, meanOfRows, normOf, rowOf, smallest, squaredDistance, type Vectors } from './vectors.js';

export const mean: AggregatorDefinition = {
  name: 'mean',
  help: 'the mean, which one Byzantine row moves anywhere',
  source: 'McMahan et al. 2017',
  options: {},
  bound: () => ANY_BOUND,
  followsScale: true,
  selects: false,
  compute: (vectors) => meanOfRows(vectors),
};

/** Weiszfeld's iteration as the notebook and ByzFL run it: z = sum(x / d) / sum(1 / d). */
function weiszfeld(vectors: Vectors, options: OptionValues): Float64Array {
  const least = Number(options['smallest-distance']);
  const finite = finiteRows(vectors);
  const rows = finite.map((row) => rowOf(vectors, row));
  let z = options.start === 'zero' ? new Float64Array(vectors.dimension) : meanOfRows(vectors, finite);
  for (let iteration = 0; iteration < Number(options['max-iterations']); iteration++) {
    const next = new Float64Array(vectors.dimension);
    let weight = 0;
    for (const row of rows) {
      const distance = Math.max(least, distanceOf(row, z)) || 1;
      for (let column = 0; column < next.length; column++) next[column]! += row[column]! / distance;
      weight += 1 / distance;
    }
    for (let column = 0; column < next.length; column++) next[column]! /= weight;
    const move = distanceOf(next, z);
    z = next;
    if (move <= Number(options.tolerance)) break;
  }
  return z;
}

export const gm: AggregatorDefinition = {
  name: 'gm',
  help: 'geometric median: the point with the least sum of distances; exact to float64, or as few Weiszfeld steps as others take',
  source: 'Weiszfeld 1937; Vardi and Zhang 2000; Wu, Ling, Chen and Giannakis 2020 (notebook); ByzFL',
  options: {
    start: { default: 'mean', choices: ['mean', 'zero'], help: 'where Weiszfeld begins' },
    'max-iterations': { default: 1000, number: { whole: true, least: 1 }, help: 'most iterations' },
    tolerance: { default: 1 / 2 ** 50, number: { least: 0 }, help: 'stops at a move of at most this: relative to the result when exact, else absolute' },
    'smallest-distance': { default: 0, number: { least: 0 }, help: 'distances below count as this; 0: a distance of 0 counts as 1' },
  },
  variants: {
    exact: { 'max-iterations': 1000, tolerance: 1 / 2 ** 50 },
    notebook: { start: 'mean', 'max-iterations': 80, tolerance: 1e-5, 'smallest-distance': 0 },
    byzfl: { start: 'zero', 'max-iterations': 3, tolerance: 0, 'smallest-distance': 0.1 },
  },
  usual: 'variant',
  bound: () => MINORITY,
  followsScale: false,
  selects: false,
  compute: (vectors, _, options) => (options.variant === 'exact'
    ? geometricMedian(vectors, Number(options.tolerance), Number(options['max-iterations']))
    : weiszfeld(vectors, options)),
};

export const centeredClipping: AggregatorDefinition = {
  name: 'centered-clipping',
  help: 'v += mean of the differences from v, each clipped to norm tau; v is kept across steps',
  source: 'Karimireddy, He and Jaggi 2021',
  options: {
    tau: { default: 10, number: { least: 0 }, help: 'norm that differences are clipped to' },
    iterations: { default: 5, number: { whole: true, least: 1 }, help: 'times v moves in a step' },
  },
  variants: { paper: { tau: 10, iterations: 5 }, byzfl: { tau: 100, iterations: 1 }, epfml: { tau: 10, iterations: 3 } },
  usual: 'tau',
  bound: () => ANY_BOUND,
  followsScale: false,
  selects: false,
  compute: (vectors, { state }, { tau, iterations }) => {
    const rows = finiteRows(vectors).map((row) => rowOf(vectors, row));
    let v = state?.center ?? new Float64Array(vectors.dimension);
    if (v.length !== vectors.dimension) throw new RangeError(`centered-clipping: expected a center of ${vectors.dimension} values, got ${v.length}`);
    for (let iteration = 0; iteration < Number(iterations); iteration++) {
      const step = new Float64Array(vectors.dimension);
      for (const row of rows) {
        const offset = difference(row, v);
        const distance = normOf(offset);
        const factor = distance > Number(tau) ? Number(tau) / distance : 1;
        for (let column = 0; column < step.length; column++) step[column]! += offset[column]! * factor;
      }
      v = v.map((value, column) => value + step[column]! / vectors.count);
    }
    if (state !== undefined) state.center = v.slice();
    return v;
  },
};

export const monna: AggregatorDefinition = {
  name: 'monna',
  help: 'mean of the n - f rows nearest the trusted row, itself included',
  source: 'Farhadkhani et al. 2023',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  usesTrusted: true,
  compute: (vectors, { byzantine, trusted }) => {
    const distances = indices(vectors.count).map((row) => squaredDistance(rowOf(vectors, row), rowOf(vectors, trusted)));
    return meanOfRows(vectors, smallest(distances, vectors.count - byzantine));
  },
};

export const faba: AggregatorDefinition = {
  name: 'faba',
  help: 'f times the row farthest from the mean of those left is dropped; mean of the rest',
  source: 'Xia, Tao, Hao and Li 2019',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }) => {
    const isFinite = indices(vectors.count).map((row) => isFiniteRow(rowOf(vectors, row)));
    let left = indices(vectors.count);
    for (let dropped = 0; dropped < byzantine; dropped++) {
      const center = meanOfRows(vectors, left.filter((row) => isFinite[row]));
      const distances = left.map((row) => squaredDistance(rowOf(vectors, row), center));
      const farthest = indexOfLargest(distances);
      left = left.filter((_, index) => index !== farthest);
    }
    return meanOfRows(vectors, left);
  },
};

export const cge: AggregatorDefinition = {
  name: 'cge',
  help: 'mean of the n - f rows of smallest norm (comparative gradient elimination)',
  source: 'Gupta, Liu and Vaidya 2021',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }) => {
    const norms = indices(vectors.count).map((row) => normOf(rowOf(vectors, row)));
    return meanOfRows(vectors, smallest(norms, vectors.count - byzantine));
  },
};

export const fltrust: AggregatorDefinition = {
  name: 'fltrust',
  help: "the other rows, brought to the trusted row's norm and weighed by max(0, cosine to it); zero where no weight is left",
  source: 'Cao, Fang, Liu and Gong 2021',
  options: {},
  bound: () => ({ text: 'n >= 2 and f < n', holds: (n, f) => n >= 2 && f < n }),
  followsScale: true,
  selects: true,
  usesTrusted: true,
  compute: (vectors, { trusted }) => {
    const anchor = rowOf(vectors, trusted);
    const length = normOf(anchor);
    const sum = new Float64Array(vectors.dimension);
    let weights = 0;
    for (let index = 0; index < vectors.count; index++) {
      const row = rowOf(vectors, index);
      const norm = normOf(row);
      const product = dot(row, anchor);
      if (index === trusted || norm === Infinity || !(product > 0)) continue;
      const weight = product / (norm * length);
      for (let column = 0; column < sum.length; column++) sum[column]! += weight * ((row[column]! * length) / norm);
      weights += weight;
    }
    return weights === 0 ? sum : sum.map((value) => value / weights);
  },
};
