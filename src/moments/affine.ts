// Moments of an affine map y = A x + b: exact for any distribution of x with the moments given.
import { add, linear, matmul, mul, type Tape, type Tensor } from '../tensor/index.js';
import { multiplyInto, rowsAt } from '../matrices/index.js';
import type { Marginals } from './distribution.js';
import { congruence, diagonalCongruence, matrixAt, requireAxes, requireShape, rowsThrough } from './covariance-ops.js';

/**
 * Samples up to which a walk along the weights beats packed matrix products: one for means, two and the squares for both.
 * Measured at 100 x 100, where they meet about there, and at 1000 x 1000, where they meet at two and three times as many.
 */
const FEW_SAMPLES = { means: 8, marginals: 16 };

function requireLayer(op: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  requireAxes(op, 'the input', x, ['batch', 'in']);
  requireAxes(op, 'the weight', weight, ['out', 'in']);
  requireShape(op, 'the weight', weight, [weight.shape[0]!, x.shape[1]!]);
  if (bias !== null) requireShape(op, 'the bias', bias, [weight.shape[0]!]);
}

/** Adds what x, weight and bias get of the gradient of x W^T + b. */
function giveLinearGradients(tape: Tape, gradient: Tensor, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  const [batch, outputs] = gradient.shape as [number, number];
  tape.withoutRecording(() => {
    if (x.requiresGrad) tape.give(x, matmul(tape, gradient, weight));
    if (weight.requiresGrad) tape.give(weight, matmul(tape, gradient, x, { transposeA: true }));
  });
  if (bias !== null) tape.accumulate(bias, (pointer) => bias.core.kernels.bias_gradient_f64(gradient.source, batch, outputs, 1, pointer));
}

/** x W^T + b for many samples, which in a search for directions share the zeros that ReLU leaves; not recorded. */
function affineOfMany(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const [batch, outputs] = [x.shape[0]!, weight.shape[0]!];
  const output = rowsThrough(tape, x.view([1, ...x.shape]), weight).view([batch, outputs]);
  if (bias !== null) output.core.kernels.bias_activation_f64(output.source, bias.source, batch, outputs, 1, 0, output.pointer);
  return output;
}

/**
 * A linear layer: x [batch, in], weight [out, in], bias [out] or null -> [batch, out], float64.
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function affineMean(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  requireLayer('affineMean', x, weight, bias);
  const batch = x.shape[0]!, inputs = x.shape[1]!, outputs = weight.shape[0]!;
  if (batch > FEW_SAMPLES.means) return tape.records([x, weight, bias]) ? linear(tape, x, weight, bias) : affineOfMany(tape, x, weight, bias);
  const output = tape.empty([batch, outputs], 'float64', 'affine mean');
  x.core.kernels.affine_forward_f64(weight.source, bias?.source ?? 0, outputs, inputs, x.source, batch, output.pointer);
  return tape.record([x, weight, bias], output, (gradient) => giveLinearGradients(tape, gradient, x, weight, bias));
}

/** Adds what the variances and the weight get of the gradient of v (W o W)^T: G (W o W), and 2 W o (G^T v). */
function giveVarianceGradients(tape: Tape, gradient: Tensor, variance: Tensor, weight: Tensor): void {
  tape.withoutRecording(() => {
    if (variance.requiresGrad) tape.give(variance, matmul(tape, gradient, mul(tape, weight, weight)));
    if (!weight.requiresGrad) return;
    const half = mul(tape, matmul(tape, gradient, variance, { transposeA: true }), weight);
    tape.give(weight, add(tape, half, half));
  });
}

/**
 * Means and variances of a linear layer of uncorrelated inputs: mean W^T + b and variance (W o W)^T, for few samples in one
 * walk over the weights. The variances are exact where the inputs are uncorrelated.
 * @throws RangeError for shapes that do not fit; TypeError for float32
 */
export function affineMarginals(tape: Tape, input: Marginals, weight: Tensor, bias: Tensor | null): Marginals {
  const { mean: x, variance: v } = input;
  requireLayer('affineMarginals', x, weight, bias);
  requireShape('affineMarginals', 'the variances', v, x.shape);
  const batch = x.shape[0]!, inputs = x.shape[1]!, outputs = weight.shape[0]!;
  if (batch > FEW_SAMPLES.marginals) {
    return { mean: linear(tape, x, weight, bias), variance: matmul(tape, v, mul(tape, weight, weight), { transposeB: true }) };
  }
  const mean = tape.empty([batch, outputs], 'float64', 'affine mean');
  const variance = tape.empty([batch, outputs], 'float64', 'affine variance');
  x.core.kernels.affine_marginals_f64(
    weight.source, bias?.source ?? 0, outputs, inputs, x.source, v.source, batch, mean.pointer, variance.pointer,
  );
  const output = { mean, variance };
  if (tape.records([x, v, weight, bias])) recordAffineMarginals(tape, input, weight, bias, output);
  return output;
}

function recordAffineMarginals(tape: Tape, { mean: x, variance: v }: Marginals, weight: Tensor, bias: Tensor | null, output: Marginals): void {
  tape.record([x, weight, bias], output.mean, (gradient) => giveLinearGradients(tape, gradient, x, weight, bias));
  tape.record([v, weight], output.variance, (gradient) => giveVarianceGradients(tape, gradient, v, weight));
}

/** How uncertain an input is: covariances [batch, n, n], variances [batch, n] of uncorrelated features, or one variance for all. */
export type Uncertainty = Tensor | number;

function requireUncertainty(op: string, uncertainty: Uncertainty, inputs: number): void {
  if (typeof uncertainty === 'number') {
    if (!(uncertainty >= 0 && uncertainty < Infinity)) throw new RangeError(`${op}: expected a variance of at least 0, got ${uncertainty}`);
    return;
  }
  const { shape } = uncertainty;
  requireShape(op, 'the covariance', uncertainty, shape.length === 3 ? [shape[0]!, inputs, inputs] : [shape[0]!, inputs]);
}

/** The batch that matrices and uncertainties agree on; one where neither has a batch. */
function batchOf(op: string, matrix: Tensor, uncertainty: Uncertainty): number {
  const matrices = matrix.shape.length === 3 ? matrix.shape[0]! : undefined;
  const inputs = typeof uncertainty === 'number' ? undefined : uncertainty.shape[0]!;
  if (matrices !== undefined && inputs !== undefined && matrices !== inputs) {
    throw new RangeError(`${op}: expected as many covariances as matrices, got ${inputs} covariances and ${matrices} matrices`);
  }
  return matrices ?? inputs ?? 1;
}

/** Variances [batch, n] from one variance for all; others as they are. */
export function variancesOf(tape: Tape, uncertainty: Uncertainty, batch: number, n: number): Tensor {
  if (typeof uncertainty !== 'number') return uncertainty;
  const variance = tape.empty([batch, n], 'float64', 'variances');
  variance.core.kernels.arithmetic_fill_f64(variance.pointer, uncertainty, variance.size);
  return variance;
}

/**
 * Covariances A S A^T [batch, m, m], exactly symmetric. Variances, or a single one, take one product instead of two.
 * @param matrix A [m, n] for all samples, or [batch, m, n]
 * @param uncertainty of x; a single variance with one A makes a batch of one
 * @throws RangeError for shapes that do not fit or a negative variance; TypeError for float32
 */
export function affineCovariance(tape: Tape, matrix: Tensor, uncertainty: Uncertainty): Tensor {
  const n = matrix.shape.at(-1)!;
  requireUncertainty('affineCovariance', uncertainty, n);
  const batch = batchOf('affineCovariance', matrix, uncertainty);
  if (typeof uncertainty !== 'number' && uncertainty.shape.length === 3) return congruence(tape, matrix, uncertainty);
  return diagonalCongruence(tape, matrix, variancesOf(tape, uncertainty, batch, n));
}

/**
 * Variances [batch, m], the diagonals of A S A^T without the rest of it. Takes no part in gradients: train through
 * {@link affineMarginals}, or the diagonal of {@link affineCovariance}.
 * @param matrix A [m, n] for all samples, or [batch, m, n]
 * @throws RangeError for shapes that do not fit or a negative variance; TypeError for float32
 */
export function affineVariance(tape: Tape, matrix: Tensor, uncertainty: Uncertainty): Tensor {
  const [m, n] = matrix.shape.slice(-2) as [number, number];
  requireUncertainty('affineVariance', uncertainty, n);
  const batch = batchOf('affineVariance', matrix, uncertainty);
  const isFull = typeof uncertainty !== 'number' && uncertainty.shape.length === 3;
  const output = tape.empty([batch, m], 'float64', 'affine variance');
  const { covariance_row_products_f64: rowProducts, affine_forward_f64: forward } = matrix.core.kernels;
  const product = tape.empty([m, n], 'float64', isFull ? 'A S' : 'A o A');
  const spread = isFull ? uncertainty : variancesOf(tape, uncertainty, batch, n);
  for (let b = 0; b < batch; b++) {
    const a = matrixAt(matrix, b);
    const to = output.pointer + 8 * b * m;
    if (isFull) {
      multiplyInto(matrix.core, m, n, n, rowsAt(a, n), rowsAt(spread.source + 8 * b * n * n, n), product.pointer, n, false);
      rowProducts(product.source, a, m, n, to);
      continue;
    }
    if (b === 0 || matrix.shape.length === 3) matrix.core.kernels.arithmetic_mul_f64(a, a, product.pointer, m * n);
    forward(product.source, 0, m, n, spread.source + 8 * b * n, 1, to);
  }
  return output;
}
