// Random matrices and noise as network_moments draws them (its utils/rand), from PyTorch's own stream.
import type { Generator } from '../random/index.js';
import { multiplyInto, rowsAt, transposed } from '../matrices/index.js';
import { qr } from '../matrices/index.js';
import { kernelOf, sizeOf, type DType, type Shape, type Tape, type Tensor } from '../tensor/index.js';

export interface DefiniteOptions {
  /** How many matrices; they share their eigenvectors, as in the library. Without it the result is one [size, size]. */
  readonly batch?: number;
  /** The Frobenius norm of each. */
  readonly norm?: number;
  /** The trace of each; counts only without `norm`. */
  readonly trace?: number;
  /** Default true; false: negative eigenvalues. */
  readonly positive?: boolean;
  /** Default false: eigenvalues 1 - u in (0, 1]; true: u in [0, 1), which may be 0. */
  readonly semi?: boolean;
}

function requireWhole(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${what}: expected a whole number of at least 1, got ${value}`);
}

function requireFinite(what: string, value: number | undefined): void {
  if (value !== undefined && !Number.isFinite(value)) throw new RangeError(`${what}: expected a finite number, got ${value}`);
}

/** u [size] -> the eigenvalues, in place. */
function makeEigenvalues(values: Float64Array, { norm, trace, positive = true, semi = false }: DefiniteOptions): void {
  let sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = (positive ? 1 : -1) * (semi ? values[i]! : 1 - values[i]!);
    values[i] = value;
    sum += value;
    squares += value * value;
  }
  const factor = norm !== undefined ? norm / Math.sqrt(squares) : trace !== undefined ? trace / sum : 1;
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/**
 * Random symmetric definite matrices Q diag(l) Q^T: uniform l, scaled to a norm or a trace, and the Q of the QR factorization of a
 * normal matrix (`gnm.utils.rand.definite`, with torch.manual_seed the same to rounding). Exactly symmetric.
 * @returns [size, size], or [batch, size, size]; float64
 * @throws RangeError for a size or batch below 1, or a norm or trace that is not finite
 */
export function definite(tape: Tape, generator: Generator, size: number, options: DefiniteOptions = {}): Tensor {
  requireWhole('definite: size', size);
  if (options.batch !== undefined) requireWhole('definite: batch', options.batch);
  requireFinite('definite: norm', options.norm);
  requireFinite('definite: trace', options.trace);
  const batch = options.batch === undefined ? [] : [options.batch];
  const eigenvalues = generator.fillRand(tape.empty([...batch, size], 'float64', 'definite'));
  const { q } = qr(tape, generator.fillNormal(tape.empty([size, size], 'float64', 'definite'), 0, 1));
  const turned = q.toArray();
  const weighted = tape.empty([size, size], 'float64', 'definite');
  const output = tape.empty([...batch, size, size], 'float64', 'definite');
  for (let index = 0; index < (options.batch ?? 1); index++) {
    const values = eigenvalues.data.subarray(index * size, (index + 1) * size) as Float64Array;
    makeEigenvalues(values, options);
    const scaled = weighted.data;
    for (let i = 0; i < scaled.length; i++) scaled[i] = turned[i]! * values[i % size]!;
    const to = output.pointer + 8 * index * size * size;
    multiplyInto(tape.core, size, size, size, rowsAt(weighted.pointer, size), transposed(rowsAt(q.pointer, size)), to, size, false);
    mirrorLower(tape.core.memory.f64(to, size * size), size);
  }
  return output;
}

/** Copies the lower triangle into the upper one: the two products of an entry's pair are rounded in different orders. */
function mirrorLower(matrix: Float64Array, size: number): void {
  for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j]!;
}

export interface RingOptions {
  /** Root mean square of a noise's values; default 1. */
  readonly sigma?: number;
  /** The root mean square is uniform in sigma +- tolerance; default 0: exactly sigma. */
  readonly tolerance?: number;
  /** How many noises; without it the result has the given shape. */
  readonly batch?: number;
  /** Default float64. */
  readonly dtype?: DType;
}

/**
 * Normal noise scaled to lie on a ring, z s sqrt(n) / |z| (`gnm.utils.rand.ring`, with torch.manual_seed the same to rounding).
 * @param shape of one noise, n values
 * @returns [...shape], or [batch, ...shape]
 * @throws RangeError for an empty shape, a batch below 1, or a sigma or tolerance that is not finite or below 0
 */
export function ring(tape: Tape, generator: Generator, shape: Shape, options: RingOptions = {}): Tensor {
  const { sigma = 1, tolerance = 0, batch, dtype = 'float64' } = options;
  const size = sizeOf(shape);
  requireWhole('ring: values', size);
  if (batch !== undefined) requireWhole('ring: batch', batch);
  for (const [what, value] of [['sigma', sigma], ['tolerance', tolerance]] as const) {
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`ring: expected a finite ${what} of at least 0, got ${value}`);
  }
  const count = batch ?? 1;
  const noise = generator.fillNormal(tape.empty(batch === undefined ? shape : [batch, ...shape], dtype, 'ring'), 0, 1);
  const uniforms = tolerance === 0 ? undefined : generator.fillRand(tape.empty([count, 1], dtype, 'ring')).toArray();
  const bytes = size * (dtype === 'float32' ? 4 : 8);
  for (let index = 0; index < count; index++) {
    const pointer = noise.pointer + index * bytes;
    const norm = Math.sqrt(kernelOf(noise, 'reduction_sum_squares')(pointer, size));
    const wanted = uniforms === undefined ? sigma : uniforms[index]! * (2 * tolerance) + (sigma - tolerance);
    kernelOf(noise, 'arithmetic_scale')(pointer, (wanted * Math.sqrt(size)) / norm, pointer, size);
  }
  return noise;
}
