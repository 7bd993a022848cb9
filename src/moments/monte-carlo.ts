// Monte Carlo, the referee of every formula: samples of a Gaussian, and moments of samples with standard errors.
import type { Core } from '../core/index.js';
import type { Generator } from '../random/index.js';
import { factorCholesky } from '../matrices/index.js';
import { multiplyInto, rowsAt, transposed } from '../matrices/index.js';
import { formatShape, Stepper, Tensor, type Tape } from '../tensor/index.js';
import { requireCovariance } from './covariance-check.js';
import { sqrtm } from './square-root.js';

/**
 * Draws from N(mean, covariance): mean + L z with Cholesky's L, so that a definite covariance gives the samples of
 * torch.distributions.MultivariateNormal (to rounding), and otherwise with the symmetric square root.
 */
export class NormalSampler {
  readonly size: number;
  readonly #mean: Float64Array;
  readonly #factor: Tensor;

  /**
   * @param mean n values
   * @param covariance [n, n], float64
   * @throws RangeError when the sizes do not fit, or for what is no covariance
   */
  constructor(mean: ArrayLike<number>, covariance: Tensor) {
    requireCovariance('NormalSampler: covariance', covariance);
    this.size = mean.length;
    if (covariance.shape.length !== 2 || covariance.shape[0] !== this.size) {
      throw new RangeError(`NormalSampler: expected a covariance [${this.size}, ${this.size}] for a mean of ${this.size} values, got ${formatShape(covariance.shape)}`);
    }
    this.#mean = Float64Array.from(mean);
    const stepper = new Stepper(covariance.core);
    this.#factor = stepper.step((tape) => {
      const factored = factorCholesky(tape, covariance);
      const factor = factored instanceof Tensor ? factored : sqrtm(tape, covariance);
      return Tensor.from(covariance.core, factor.toArray(), covariance.shape, 'float64', 'covariance factor');
    }, { record: false });
    stepper.dispose();
  }

  /** Samples [count, n] of the step: one normal after the other, a sample's in a row. */
  draw(tape: Tape, generator: Generator, count: number): Tensor {
    const { size } = this;
    const normals = generator.fillNormal(tape.empty([count, size], 'float64', 'normal samples'), 0, 1);
    const samples = tape.empty([count, size], 'float64', 'normal samples');
    multiplyInto(tape.core, count, size, size, rowsAt(normals.source, size), transposed(rowsAt(this.#factor.source, size)), samples.pointer, size, false);
    const values = samples.data;
    for (let start = 0; start < values.length; start += size) {
      for (let i = 0; i < size; i++) values[start + i]! += this.#mean[i]!;
    }
    return samples;
  }

  /** Gives the factor's memory back. */
  dispose(): void {
    this.#factor.dispose();
  }
}

/** Estimates from samples with their standard errors (asymptotic, from the samples' own fourth moments). */
export interface MomentEstimate {
  readonly count: number;
  /** [n] */
  readonly mean: Float64Array;
  readonly meanError: Float64Array;
  /** [n], unbiased. */
  readonly variance: Float64Array;
  readonly varianceError: Float64Array;
  /** [n, n], unbiased; only where asked for. */
  readonly covariance?: Float64Array;
  readonly covarianceError?: Float64Array;
}

/**
 * Mean, variance and, where asked for, covariance of samples that come in batches, in memory that does not grow: sums of powers about the
 * first batch's mean. The batches' sizes affect the last bits only.
 */
export class RunningMoments {
  readonly #core: Core;
  readonly #size: number;
  readonly #stepper: Stepper;
  readonly #reference: Tensor;
  /** [4, n]: sums of y, y^2, y^3, y^4. */
  readonly #sums: Tensor;
  /** [n, n] each: sums of y_i y_j, y_i^2 y_j and y_i^2 y_j^2. */
  readonly #products: readonly [Tensor, Tensor, Tensor] | undefined;
  #count = 0;

  /** @param size n, values in a sample */
  constructor(core: Core, size: number, options: { covariance?: boolean } = {}) {
    const make = (shape: number[]) => Tensor.zeros(core, shape, 'float64', 'running moments');
    this.#core = core;
    this.#size = size;
    this.#stepper = new Stepper(core);
    this.#reference = make([size]);
    this.#sums = make([4, size]);
    this.#products = options.covariance === true ? [make([size, size]), make([size, size]), make([size, size])] : undefined;
  }

  /** @param samples [count, n], float64 @throws RangeError or TypeError for another shape or dtype */
  add(samples: Tensor): void {
    const size = this.#size, rows = samples.shape[0] ?? 0;
    if (samples.dtype !== 'float64') throw new TypeError(`RunningMoments: expected float64 samples, got ${samples.dtype}`);
    if (samples.shape.length !== 2 || samples.shape[1] !== size) {
      throw new RangeError(`RunningMoments: expected samples [count, ${size}], got ${formatShape(samples.shape)}`);
    }
    if (rows === 0) return;
    if (this.#count === 0) this.#takeReference(samples);
    this.#stepper.step((tape) => {
      const [centred, squares] = this.#products === undefined ? [0, 0] : [tape.allocate(8 * samples.size, 'centred samples'), tape.allocate(8 * samples.size, 'squares')];
      this.#core.kernels.moment_sums_f64(samples.source, rows, size, this.#reference.source, this.#sums.pointer, centred, squares);
      if (this.#products === undefined) return;
      const pairs = [[centred, centred], [squares, centred], [squares, squares]] as const;
      pairs.forEach(([a, b], index) => {
        multiplyInto(this.#core, size, size, rows, transposed(rowsAt(a, size)), rowsAt(b, size), this.#products![index]!.pointer, size, true);
      });
    });
    this.#count += rows;
  }

  #takeReference(samples: Tensor): void {
    this.#core.kernels.moment_sums_f64(samples.source, samples.shape[0]!, this.#size, this.#reference.source, this.#sums.pointer, 0, 0);
    const means = this.#sums.data.slice(0, this.#size).map((sum) => sum / samples.shape[0]!);
    this.#reference.data.set(means);
    this.#sums.data.fill(0);
  }

  /** @throws RangeError before two samples were added */
  estimate(): MomentEstimate {
    const size = this.#size, count = this.#count;
    if (count < 2) throw new RangeError(`RunningMoments: expected at least 2 samples, got ${count}`);
    const sums = this.#sums.toArray().map((sum) => sum / count);
    const reference = this.#reference.toArray();
    const [first, second, third, fourth] = [0, 1, 2, 3].map((power) => sums.subarray(power * size, (power + 1) * size)) as [Float64Array, Float64Array, Float64Array, Float64Array];
    const spread = second.map((value, i) => Math.max(0, value - first[i]! * first[i]!));
    const kurtic = fourth.map((value, i) => value - 4 * first[i]! * third[i]! + 6 * square(first[i]!) * second[i]! - 3 * square(square(first[i]!)));
    return {
      count,
      mean: Float64Array.from(first, (value, i) => reference[i]! + value),
      meanError: spread.map((value) => Math.sqrt(value / (count - 1))),
      variance: spread.map((value) => (value * count) / (count - 1)),
      varianceError: kurtic.map((value, i) => Math.sqrt(Math.max(0, value - square(spread[i]!)) / count)),
      ...(this.#products === undefined ? {} : this.#covariances(this.#products, first, second)),
    };
  }

  /** From the means of y and y^2, and the sums of products. */
  #covariances(products: readonly [Tensor, Tensor, Tensor], first: Float64Array, second: Float64Array) {
    const size = this.#size, count = this.#count;
    const [pairs, squareTimes, squares] = products.map((tensor) => tensor.toArray().map((sum) => sum / count)) as [Float64Array, Float64Array, Float64Array];
    const covariance = new Float64Array(size * size), covarianceError = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const at = i * size + j, turned = j * size + i;
        const [a, b] = [first[i]!, first[j]!];
        const central = pairs[at]! - a * b;
        // E (y_i - a)^2 (y_j - b)^2, multiplied out.
        const mixed = squares[at]! - 2 * b * squareTimes[at]! - 2 * a * squareTimes[turned]! + square(b) * second[i]! + square(a) * second[j]! + 4 * a * b * pairs[at]! - 3 * square(a * b);
        covariance[at] = (central * count) / (count - 1);
        covarianceError[at] = Math.sqrt(Math.max(0, mixed - square(central)) / count);
      }
    }
    return { covariance, covarianceError };
  }

  /** Gives the sums' memory back. */
  dispose(): void {
    for (const tensor of [this.#reference, this.#sums, ...(this.#products ?? [])]) tensor.dispose();
    this.#stepper.dispose();
  }
}

function square(x: number): number {
  return x * x;
}
