// Losses and softmaxes over the last axis. Exponentials are taken in T; sums, logarithms and losses are
// float64 and rounded once. A row's sum adds column i to lane i mod lanes, ascending, then lane to lane.
import { expDouble } from './math/exp';
import { logScalar } from './math/log';
import { rowMaximum, scaleRow, sumOfExponentials } from './softmaxRow';
import { accumulateChunks, loadPairOr, SQUARED_DIFFERENCES, storePair, SUM_ROWS, sumPair } from './vector';

function crossEntropyOfRows<T>(logits: usize, labels: usize, batch: i32, classes: i32, rowLosses: usize, probabilities: usize): f64 {
  const rowBytes = <usize>classes * sizeof<T>();
  let total: f64 = 0;
  for (let row = 0; row < batch; row++) {
    const largest = rowMaximum<T>(logits, classes);
    const sum = sumOfExponentials<T>(logits, classes, largest, probabilities);
    const label = <usize>load<i32>(labels + (<usize>row << 2));
    const loss = logScalar(sum) - (<f64>load<T>(logits + label * sizeof<T>()) - <f64>largest);
    total += loss;
    if (rowLosses) store<T>(rowLosses + <usize>row * sizeof<T>(), <T>loss);
    if (probabilities) {
      scaleRow<T>(true, probabilities, classes, <T>sum, probabilities);
      probabilities += rowBytes;
    }
    logits += rowBytes;
  }
  return total;
}

/** The sums of chunks of SUM_ROWS rows, added in order. */
// @ts-ignore: decorator
@inline
function crossEntropy<T>(logits: usize, labels: usize, batch: i32, classes: i32, rowLosses: usize, probabilities: usize): f64 {
  let total: f64 = 0;
  for (let row = 0; row < batch; row += SUM_ROWS) {
    const values = <usize>row * <usize>classes * sizeof<T>();
    total += crossEntropyOfRows<T>(logits + values, labels + (<usize>row << 2), min(SUM_ROWS, batch - row), classes,
      rowLosses ? rowLosses + <usize>row * sizeof<T>() : 0, probabilities ? probabilities + values : 0);
  }
  return total;
}

// @ts-ignore: decorator
@inline
function crossEntropyGradient<T>(probabilities: usize, labels: usize, batch: i32, classes: i32, scale: f64, output: usize): void {
  const rowBytes = <usize>classes * sizeof<T>();
  for (let row = 0; row < batch; row++) {
    const label = <usize>load<i32>(labels + (<usize>row << 2)) * sizeof<T>();
    const atLabel = <T>((<f64>load<T>(probabilities + label) - 1) * scale);
    scaleRow<T>(false, probabilities, classes, <T>scale, output);
    store<T>(output + label, atLabel);
    probabilities += rowBytes;
    output += rowBytes;
  }
}

// @ts-ignore: decorator
@inline
function softmax<T>(input: usize, rows: i32, columns: i32, output: usize): void {
  for (let row = 0; row < rows; row++) {
    const sum = sumOfExponentials<T>(input, columns, rowMaximum<T>(input, columns), output);
    scaleRow<T>(true, output, columns, <T>sum, output);
    input += <usize>columns * sizeof<T>();
    output += <usize>columns * sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline
function logSoftmax<T>(input: usize, rows: i32, columns: i32, output: usize): void {
  for (let row = 0; row < rows; row++) {
    const largest = rowMaximum<T>(input, columns);
    const logSum = f64x2.splat(logScalar(sumOfExponentials<T>(input, columns, largest, 0)));
    const shift = f64x2.splat(<f64>largest);
    for (let i = 0; i < columns; i += 2) {
      const at = <usize>i * sizeof<T>();
      // In this order the large shift cancels exactly before the small logarithm goes off.
      const centred = f64x2.sub(loadPairOr<T>(input + at, columns - i, 0), shift);
      storePair<T>(output + at, f64x2.sub(centred, logSum), columns - i);
    }
    input += <usize>columns * sizeof<T>();
    output += <usize>columns * sizeof<T>();
  }
}

/** result = y (g - sum(g y)) for softmax's output y; g - exp(y) sum(g) for log-softmax's. */
// @ts-ignore: decorator
@inline
function softmaxGradient<T>(logarithm: bool, gradient: usize, output: usize, rows: i32, columns: i32, result: usize): void {
  for (let row = 0; row < rows; row++) {
    let sum = f64x2.splat(0);
    for (let i = 0; i < columns; i += 2) {
      const at = <usize>i * sizeof<T>();
      const g = loadPairOr<T>(gradient + at, columns - i, 0);
      sum = f64x2.add(sum, logarithm ? g : f64x2.mul(g, loadPairOr<T>(output + at, columns - i, 0)));
    }
    const total = f64x2.splat(sumPair(sum));
    for (let i = 0; i < columns; i += 2) {
      const at = <usize>i * sizeof<T>();
      const g = loadPairOr<T>(gradient + at, columns - i, 0), y = loadPairOr<T>(output + at, columns - i, 0);
      const value = logarithm ? f64x2.sub(g, f64x2.mul(expDouble(y), total)) : f64x2.mul(y, f64x2.sub(g, total));
      storePair<T>(result + at, value, columns - i);
    }
    gradient += <usize>columns * sizeof<T>();
    output += <usize>columns * sizeof<T>();
    result += <usize>columns * sizeof<T>();
  }
}

/** output[i] = (a[i] - b[i]) * factor. */
// @ts-ignore: decorator
@inline
function scaledDifference<T>(a: usize, b: usize, count: i32, factor: f64, output: usize): void {
  const scale = f64x2.splat(factor);
  const pair = 2 * sizeof<T>();
  for (let left = count; left > 0; left -= 2) {
    storePair<T>(output, f64x2.mul(f64x2.sub(loadPairOr<T>(a, left, 0), loadPairOr<T>(b, left, 0)), scale), left);
    a += pair;
    b += pair;
    output += pair;
  }
}

/**
 * Softmax cross-entropy of logits [batch, classes] against int32 labels [batch]: returns the sum over rows.
 * Writes each row's loss to rowLosses [batch] and softmax(logits) to probabilities [batch, classes], unless their address is 0.
 */
export function loss_cross_entropy_f32(logits: usize, labels: usize, batch: i32, classes: i32, rowLosses: usize, probabilities: usize): f64 {
  return crossEntropy<f32>(logits, labels, batch, classes, rowLosses, probabilities);
}
export function loss_cross_entropy_f64(logits: usize, labels: usize, batch: i32, classes: i32, rowLosses: usize, probabilities: usize): f64 {
  return crossEntropy<f64>(logits, labels, batch, classes, rowLosses, probabilities);
}

/** output [batch, classes] = (probabilities - onehot(labels)) * scale; in place allowed. */
export function loss_cross_entropy_gradient_f32(probabilities: usize, labels: usize, batch: i32, classes: i32, scale: f64, output: usize): void {
  crossEntropyGradient<f32>(probabilities, labels, batch, classes, scale, output);
}
export function loss_cross_entropy_gradient_f64(probabilities: usize, labels: usize, batch: i32, classes: i32, scale: f64, output: usize): void {
  crossEntropyGradient<f64>(probabilities, labels, batch, classes, scale, output);
}

/** Sum of (a[i] - b[i])^2. */
export function loss_mse_f32(a: usize, b: usize, count: i32): f64 {
  return accumulateChunks<f32>(SQUARED_DIFFERENCES, a, b, count);
}
export function loss_mse_f64(a: usize, b: usize, count: i32): f64 {
  return accumulateChunks<f64>(SQUARED_DIFFERENCES, a, b, count);
}

/** output[i] = (a[i] - b[i]) * factor: the gradient to a for factor = 2 upstream / count, to b for its negative. */
export function loss_mse_gradient_f32(a: usize, b: usize, count: i32, factor: f64, output: usize): void {
  scaledDifference<f32>(a, b, count, factor, output);
}
export function loss_mse_gradient_f64(a: usize, b: usize, count: i32, factor: f64, output: usize): void {
  scaledDifference<f64>(a, b, count, factor, output);
}

/** Softmax of each row of input [rows, columns]; in place allowed. */
export function loss_softmax_f32(input: usize, rows: i32, columns: i32, output: usize): void {
  softmax<f32>(input, rows, columns, output);
}
export function loss_softmax_f64(input: usize, rows: i32, columns: i32, output: usize): void {
  softmax<f64>(input, rows, columns, output);
}

/** Gradient through softmax from its output; all [rows, columns]. */
export function loss_softmax_gradient_f32(gradient: usize, output: usize, rows: i32, columns: i32, result: usize): void {
  softmaxGradient<f32>(false, gradient, output, rows, columns, result);
}
export function loss_softmax_gradient_f64(gradient: usize, output: usize, rows: i32, columns: i32, result: usize): void {
  softmaxGradient<f64>(false, gradient, output, rows, columns, result);
}

/** Logarithm of softmax of each row of input [rows, columns]; in place allowed. */
export function loss_log_softmax_f32(input: usize, rows: i32, columns: i32, output: usize): void {
  logSoftmax<f32>(input, rows, columns, output);
}
export function loss_log_softmax_f64(input: usize, rows: i32, columns: i32, output: usize): void {
  logSoftmax<f64>(input, rows, columns, output);
}

/** Gradient through log-softmax from its output; all [rows, columns]. */
export function loss_log_softmax_gradient_f32(gradient: usize, output: usize, rows: i32, columns: i32, result: usize): void {
  softmaxGradient<f32>(true, gradient, output, rows, columns, result);
}
export function loss_log_softmax_gradient_f64(gradient: usize, output: usize, rows: i32, columns: i32, result: usize): void {
  softmaxGradient<f64>(true, gradient, output, rows, columns, result);
}
