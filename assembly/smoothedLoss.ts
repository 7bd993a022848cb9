// Softmax cross-entropy whose rows may be ignored (padding) and whose labels may be smoothed (Szegedy et al. 2016). Of many
// classes, threads share its rows: losses are summed over chunks of rows that follow from the number of classes.
import { logScalar } from './math/log';
import { lanes } from './profile';
import { rowMaximum, scaleRow, sumOfExponentials } from './softmaxRow';
import { accumulateRun, loadPart, storePart, SUM_CHUNK, VALUES } from './vector';

/** Loss of one row against (1 - smoothing) of its label and smoothing / classes of every class. */
function rowLoss<T>(logits: usize, label: i32, classes: i32, smoothing: f64, probabilities: usize): f64 {
  const largest = rowMaximum<T>(logits, classes);
  const sum = sumOfExponentials<T>(logits, classes, largest, probabilities);
  const logSum = logScalar(sum);
  if (probabilities) scaleRow<T>(true, probabilities, classes, <T>sum, probabilities);
  const likelihood = logSum - (<f64>load<T>(logits + <usize>label * sizeof<T>()) - <f64>largest);
  if (smoothing == 0) return likelihood;
  const mean = logSum + <f64>largest - accumulateRun<T>(VALUES, logits, logits, classes) / <f64>classes;
  return (1 - smoothing) * likelihood + smoothing * mean;
}

function lossOfRows<T>(logits: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, probabilities: usize): f64 {
  const rowBytes = <usize>classes * sizeof<T>();
  let total: f64 = 0;
  for (let row = 0; row < batch; row++) {
    const label = load<i32>(labels + (<usize>row << 2));
    if (label != ignored) total += rowLoss<T>(logits, label, classes, smoothing, probabilities);
    logits += rowBytes;
    if (probabilities) probabilities += rowBytes;
  }
  return total;
}

/** Rows of a chunk, which a thread takes at a time: about SUM_CHUNK values. The host knows this rule too. */
// @ts-ignore: decorator
@inline
function chunkRows(classes: i32): i32 {
  return max(1, SUM_CHUNK / max(1, classes));
}

// @ts-ignore: decorator
@inline
function smoothedCrossEntropy<T>(logits: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, probabilities: usize): f64 {
  const rows = chunkRows(classes);
  let total: f64 = 0;
  for (let row = 0; row < batch; row += rows) {
    const values = <usize>row * <usize>classes * sizeof<T>();
    total += lossOfRows<T>(logits + values, labels + (<usize>row << 2), min(rows, batch - row), classes, ignored, smoothing,
      probabilities ? probabilities + values : 0);
  }
  return total;
}

/** output = (row - shift) * factor. */
// @ts-ignore: decorator
@inline
function shiftAndScaleRow<T>(row: usize, columns: i32, shift: T, factor: T, output: usize): void {
  const away = v128.splat<T>(shift), scale = v128.splat<T>(factor);
  let left = columns;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    v128.store(output, v128.mul<T>(v128.sub<T>(v128.load(row), away), scale));
    row += 16;
    output += 16;
  }
  if (left > 0) storePart<T>(output, v128.mul<T>(v128.sub<T>(loadPart<T>(row, left, <T>0), away), scale), left);
}

// @ts-ignore: decorator
@inline
function smoothedCrossEntropyGradient<T>(probabilities: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, scale: f64, output: usize): void {
  const rowBytes = <usize>classes * sizeof<T>();
  const everywhere = smoothing / <f64>classes;
  for (let row = 0; row < batch; row++) {
    const label = load<i32>(labels + (<usize>row << 2));
    if (label == ignored) memory.fill(output, 0, rowBytes);
    else {
      const place = <usize>label * sizeof<T>();
      const atLabel = <f64>load<T>(probabilities + place) - everywhere - (1 - smoothing);
      shiftAndScaleRow<T>(probabilities, classes, <T>everywhere, <T>scale, output);
      store<T>(output + place, <T>(atLabel * scale));
    }
    probabilities += rowBytes;
    output += rowBytes;
  }
}

/**
 * Cross-entropy of softmax(logits [batch, classes]) against 1 - smoothing of the label and smoothing / classes of every class,
 * int32 labels [batch]: returns the sum over the rows whose label is not `ignored`. Writes softmax(logits) of those rows to
 * probabilities [batch, classes], unless its address is 0.
 */
export function loss_smoothed_cross_entropy_f32(logits: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, probabilities: usize): f64 {
  return smoothedCrossEntropy<f32>(logits, labels, batch, classes, ignored, smoothing, probabilities);
}
export function loss_smoothed_cross_entropy_f64(logits: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, probabilities: usize): f64 {
  return smoothedCrossEntropy<f64>(logits, labels, batch, classes, ignored, smoothing, probabilities);
}

/** output [batch, classes] = (probabilities - smoothed labels) * scale, and zero in the rows whose label is `ignored`; in place allowed. */
export function loss_smoothed_cross_entropy_gradient_f32(probabilities: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, scale: f64, output: usize): void {
  smoothedCrossEntropyGradient<f32>(probabilities, labels, batch, classes, ignored, smoothing, scale, output);
}
export function loss_smoothed_cross_entropy_gradient_f64(probabilities: usize, labels: usize, batch: i32, classes: i32, ignored: i32, smoothing: f64, scale: f64, output: usize): void {
  smoothedCrossEntropyGradient<f64>(probabilities, labels, batch, classes, ignored, smoothing, scale, output);
}
