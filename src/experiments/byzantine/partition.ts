// Which worker holds which samples. Every sample goes to exactly one worker, and every worker gets at least one.
import { nearestName } from '../../robust/index.js';
import { exp, log, Stepper, type Tape, type Tensor } from '../../tensor/index.js';
import type { Generator } from '../../random/index.js';
import { ConfigurationError, quote } from '../configuration.js';

/** What there is to part. */
interface Samples {
  readonly count: number;
  /** By ascending label: the samples of each class, ascending. */
  readonly classes: readonly Int32Array[];
}

interface PartitionKind {
  readonly name: string;
  readonly help: string;
  /** The number after the colon, for kinds that take one. */
  readonly parameter?: { readonly name: string; readonly expects: string; readonly isValid: (value: number) => boolean };
  readonly part: (samples: Samples, workers: number, generator: Generator, parameter: number) => Int32Array[];
}

/** The ways to part samples, as `--partition` names them. */
export const PARTITIONS: readonly PartitionKind[] = [
  {
    name: 'contiguous',
    help: 'blocks of the order that the samples come in, as the notebook cuts them',
    part: ({ count }, workers) => cutBlocks(Int32Array.from({ length: count }, (_, sample) => sample), workers),
  },
  {
    name: 'iid',
    help: 'blocks of a random order',
    part: ({ count }, workers, generator) => cutBlocks(generator.randperm(count), workers),
  },
  {
    name: 'sorted',
    help: 'blocks of the samples sorted by label: the most unequal',
    part: ({ classes }, workers) => cutBlocks(concatenate(classes), workers),
  },
  {
    name: 'dirichlet',
    help: 'each class in proportions drawn from a Dirichlet distribution: the smaller ALPHA, the more unequal',
    parameter: { name: 'ALPHA', expects: 'a finite number above 0', isValid: (alpha) => alpha > 0 },
    part: partByDirichlet,
  },
  {
    name: 'gamma-similarity',
    help: 'a part GAMMA of the samples in random order, the rest sorted by label, both in blocks',
    parameter: { name: 'GAMMA', expects: 'a number from 0 to 1', isValid: (gamma) => gamma >= 0 && gamma <= 1 },
    part: partByGammaSimilarity,
  },
];

/**
 * Gives samples to workers, from the labels, the text and the generator's state alone.
 *
 * - `contiguous`, `iid`, `sorted`: worker i of H has positions floor(i N / H) to floor((i + 1) N / H) - 1 of the samples'
 *   own order, of randperm(N), or of the order by label and then by number; sizes differ by one at most. The cut is the
 *   notebook's (`pieces`). ByzFL's `iid` and `extreme_niid` cut by numpy's array_split, which puts longer blocks first.
 * - `dirichlet:ALPHA`: for every class, by ascending label, proportions p over the workers from Dirichlet(ALPHA, ..., ALPHA);
 *   the class's n samples, ascending, are cut at floor(n (p_1 + ... + p_i)). This is the draw for each class of Yurochkin
 *   et al. 2019 and ByzFL's `dirichlet_niid`; Hsu, Qi & Brown 2019 draw proportions of classes for each worker instead.
 * - `gamma-similarity:GAMMA`: of randperm(N) the first floor(GAMMA N) are parted as `iid`, the others as `sorted`; worker i
 *   has block i of each. ByzFL's `gamma_similarity_niid` takes the first of the samples' own order for the first part,
 *   which is a random choice only where that order is random. GAMMA 1 is `iid`, GAMMA 0 is `sorted`.
 *
 * Where that leaves workers without a sample (the last two kinds only), each, by ascending number, takes the last sample
 * of the worker who has most at that moment, the first of several.
 *
 * Byzantine workers that train on data count as workers.
 *
 * @param partition one of {@link PARTITIONS} as text, such as `iid` or `dirichlet:0.5`
 * @param labels `[N]`, any numbers
 * @returns for each worker the numbers of its samples, from 0, in the order described
 * @throws ConfigurationError as {@link requirePartition}; RangeError unless 1 <= workers <= N, or for a label that is not finite
 */
export function partitionSamples(partition: string, labels: ArrayLike<number>, workers: number, generator: Generator): Int32Array[] {
  const { kind, parameter } = readPartition('partition', partition);
  if (labels.length === 0) throw new RangeError('partition: expected at least one sample, got none');
  if (!Number.isSafeInteger(workers) || workers < 1 || workers > labels.length) {
    throw new RangeError(`partition: expected from 1 to ${labels.length} workers for ${labels.length} samples, got ${workers}`);
  }
  return kind.part({ count: labels.length, classes: samplesByClass(labels) }, workers, generator, parameter);
}

/**
 * Checks a partition's text without samples.
 * @param flag begins the error, such as `--partition`
 * @throws ConfigurationError naming the flag, the kinds (and the nearest one) or what the number must be, and the text
 */
export function requirePartition(flag: string, text: string): void {
  readPartition(flag, text);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readPartition(flag: string, text: string): { kind: PartitionKind; parameter: number } {
  const [name, ...rest] = text.split(':');
  const kind = PARTITIONS.find((each) => each.name === name);
  if (kind === undefined) {
    const names = PARTITIONS.map((each) => each.name);
    throw new ConfigurationError(`${flag}: expected one of ${names.map(writtenAs).join(', ')}; got ${quote(text)} (the nearest is ${writtenAs(nearestName(name, names))})`);
  }
  if (kind.parameter === undefined) {
    if (rest.length > 0) throw new ConfigurationError(`${flag}: expected ${name} alone, got ${quote(text)}`);
    return { kind, parameter: NaN };
  }
  const number = rest.join(':');
  const value = NUMBER.test(number) ? Number(number) : NaN;
  if (!Number.isFinite(value) || !kind.parameter.isValid(value)) {
    throw new ConfigurationError(`${flag}: expected ${writtenAs(name)}, with ${kind.parameter.expects} for ${kind.parameter.name}, got ${quote(text)}`);
  }
  return { kind, parameter: value };
}

function writtenAs(name: string): string {
  const parameter = PARTITIONS.find((each) => each.name === name)?.parameter;
  return parameter === undefined ? name : `${name}:${parameter.name}`;
}

/** Numbers of the samples of each class, ascending, by ascending label. */
function samplesByClass(labels: ArrayLike<number>): Int32Array[] {
  const counts = new Map<number, number>();
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample]!;
    if (!Number.isFinite(label)) throw new RangeError(`partition: expected finite labels, got ${label} for sample ${sample}`);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const byLabel = new Map([...counts].sort(([a], [b]) => a - b).map(([label, count]) => [label, { samples: new Int32Array(count), filled: 0 }]));
  for (let sample = 0; sample < labels.length; sample++) {
    const entry = byLabel.get(labels[sample]!)!;
    entry.samples[entry.filled++] = sample;
  }
  return [...byLabel.values()].map(({ samples }) => samples);
}

function concatenate(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((total, part) => total + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}

/** Block i from floor(i N / H) on, as the notebook's `pieces`. */
function cutBlocks(order: Int32Array, workers: number): Int32Array[] {
  const start = (worker: number) => Math.floor((worker * order.length) / workers);
  return Array.from({ length: workers }, (_, worker) => order.slice(start(worker), start(worker + 1)));
}

function partByGammaSimilarity({ count, classes }: Samples, workers: number, generator: Generator, gamma: number): Int32Array[] {
  const order = generator.randperm(count);
  const shuffled = order.subarray(0, Math.floor(count * gamma));
  const isShuffled = new Uint8Array(count);
  for (const sample of shuffled) isShuffled[sample] = 1;
  const shuffledBlocks = cutBlocks(shuffled, workers);
  const sortedBlocks = cutBlocks(concatenate(classes).filter((sample) => isShuffled[sample] === 0), workers);
  return fillEmpty(shuffledBlocks.map((block, worker) => concatenate([block, sortedBlocks[worker]!])));
}

function partByDirichlet({ classes }: Samples, workers: number, generator: Generator, alpha: number): Int32Array[] {
  const proportions = dirichletProportions(generator, alpha, classes.length, workers);
  const parts = classes.map((samples, row) => cutInProportion(samples, proportions.subarray(row * workers, (row + 1) * workers)));
  return fillEmpty(Array.from({ length: workers }, (_, worker) => concatenate(parts.map((part) => part[worker]!))));
}

/** Part i ends at floor(n (p_1 + ... + p_i)), the last one at n whatever the sum's rounding. */
function cutInProportion(samples: Int32Array, proportions: Float64Array): Int32Array[] {
  let sum = 0;
  let start = 0;
  return Array.from(proportions, (proportion, part) => {
    sum += proportion;
    const isLast = part === proportions.length - 1;
    const end = isLast ? samples.length : Math.min(samples.length, Math.floor(sum * samples.length));
    const cut = samples.slice(start, end);
    start = end;
    return cut;
  });
}

/** Moves the last sample of the worker with most (the first of several) to each that has none. */
function fillEmpty(parts: readonly Int32Array[]): Int32Array[] {
  const filled = [...parts];
  for (let worker = 0; worker < filled.length; worker++) {
    if (filled[worker]!.length > 0) continue;
    const richest = filled.reduce((most, part, other) => (part.length > filled[most]!.length ? other : most), 0);
    const from = filled[richest]!;
    filled[worker] = from.slice(-1);
    filled[richest] = from.slice(0, -1);
  }
  return filled;
}

/**
 * Independent draws from a symmetric Dirichlet distribution: gamma variates of shape alpha, each divided by their sum.
 *
 * It works with the variates' logarithms, from which the largest of a draw is taken away before exponentials are, so
 * that a small alpha, whose variates may all lie below the least float64, gives proportions and not 0 / 0. Logarithms
 * and exponentials are the core's, the same bits everywhere.
 *
 * @param alpha above 0
 * @returns float64 `[draws, extent]`, row-major; a row adds up to 1
 */
export function dirichletProportions(generator: Generator, alpha: number, draws: number, extent: number): Float64Array {
  const stepper = new Stepper(generator.core);
  try {
    const logarithms = logarithmsOfGamma(stepper, generator, alpha, draws * extent);
    for (let start = 0; start < logarithms.length; start += extent) {
      const row = logarithms.subarray(start, start + extent);
      const largest = row.reduce((most, value) => (value > most ? value : most), -Infinity);
      for (let at = 0; at < extent; at++) row[at] = (row[at]! - largest) / Math.min(alpha, 1);
    }
    const weights = mapped(stepper, exp, logarithms);
    for (let start = 0; start < weights.length; start += extent) {
      const row = weights.subarray(start, start + extent);
      const sum = row.reduce((total, weight) => total + weight, 0);
      for (let at = 0; at < extent; at++) row[at] = row[at]! / sum;
    }
    return weights;
  } finally {
    stepper.dispose();
  }
}

/**
 * min(alpha, 1) times the logarithms of gamma variates of shape alpha (the factor keeps them finite for every alpha),
 * each less the same constant, which no proportion sees.
 *
 * Marsaglia & Tsang 2000: for a shape of at least 1, d v with d = shape - 1/3 and v = (1 + x / sqrt(9 d))^3 of a normal
 * x, accepted where log u < x^2 / 2 + d (1 - v + log v); log d is the constant left out. Below shape 1 it is a variate of
 * shape alpha + 1 times u^(1 / alpha). Rounds over all that are not accepted yet take the place of a loop for each.
 */
function logarithmsOfGamma(stepper: Stepper, generator: Generator, alpha: number, count: number): Float64Array {
  const d = (alpha < 1 ? alpha + 1 : alpha) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const result = new Float64Array(count);
  let pending = Array.from(result, (_, at) => at);
  while (pending.length > 0) {
    const normals = drawn(generator.randn([pending.length], 'float64'));
    const logUniforms = logarithmsOfUniforms(stepper, generator, pending.length);
    const cubes = normals.map((x) => (1 + c * x) * (1 + c * x) * (1 + c * x));
    const logCubes = mapped(stepper, log, cubes);
    // The logarithm of a cube below 0 is NaN, for which no comparison holds.
    const isAccepted = (at: number) => logUniforms[at]! < 0.5 * normals[at]! * normals[at]! + d * (1 - cubes[at]! + logCubes[at]!);
    pending.forEach((to, at) => {
      if (isAccepted(at)) result[to] = logCubes[at]!;
    });
    pending = pending.filter((_, at) => !isAccepted(at));
  }
  if (alpha >= 1) return result;
  const logUniforms = logarithmsOfUniforms(stepper, generator, count);
  return result.map((logarithm, at) => alpha * logarithm + logUniforms[at]!);
}

/** Of uniforms in (0, 1], so that none is infinite. */
function logarithmsOfUniforms(stepper: Stepper, generator: Generator, count: number): Float64Array {
  return mapped(stepper, log, drawn(generator.rand([count], 'float64')).map((u) => 1 - u));
}

function drawn(tensor: Tensor): Float64Array {
  const values = tensor.toArray() as Float64Array;
  tensor.dispose();
  return values;
}

function mapped(stepper: Stepper, op: (tape: Tape, x: Tensor) => Tensor, values: Float64Array): Float64Array {
  return stepper.step((tape) => op(tape, tape.from(values, [values.length], 'float64')).toArray() as Float64Array);
}
