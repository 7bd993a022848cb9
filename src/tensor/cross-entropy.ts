import type { Pointer } from '../core/index.js';
import { requireMatrix } from './loss.js';
import type { Tape } from './tape.js';
import { kernelOf, requireOptions, type Tensor } from './tensor.js';

/** How the rows' losses become one number. */
export type Reduction = 'mean' | 'sum';

export interface CrossEntropyOptions {
  /** 'mean' (default) over the rows whose label counts, or 'sum'. */
  reduction?: Reduction;
  /** A label whose rows count for nothing, such as the id of padding; any whole number. Default: none. */
  ignoreIndex?: number;
  /** The share, from 0 (default) to 1, of every label that is spread over all classes (Szegedy et al. 2016). */
  labelSmoothing?: number;
}

const OP = 'softmaxCrossEntropy';

function requireSettings({ reduction = 'mean', ignoreIndex, labelSmoothing = 0 }: CrossEntropyOptions): void {
  if (reduction !== 'mean' && reduction !== 'sum') {
    throw new RangeError(`${OP}: expected reduction 'mean' or 'sum', got ${JSON.stringify(reduction)}`);
  }
  if (ignoreIndex !== undefined && ignoreIndex !== (ignoreIndex | 0)) throw new RangeError(`${OP}: expected ignoreIndex of 32 bits, got ${ignoreIndex}`);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) throw new RangeError(`${OP}: expected labelSmoothing from 0 to 1, got ${labelSmoothing}`);
}

/** Copies checked labels into the step's memory; `counted` is the number that are not `ignoreIndex`. */
function storeLabels(tape: Tape, labels: ArrayLike<number>, batch: number, classes: number, ignoreIndex?: number): { pointer: Pointer; counted: number } {
  if (labels.length !== batch) throw new RangeError(`${OP}: expected ${batch} labels, one a row, got ${labels.length}`);
  const pointer = tape.allocate(4 * batch, `${OP} labels`);
  const stored = tape.core.memory.i32(pointer, batch);
  let counted = 0;
  for (let row = 0; row < batch; row++) {
    const label = labels[row]!;
    stored[row] = label;
    if (label === ignoreIndex) continue;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`${OP}: expected labels from 0 to ${classes - 1}, got ${label} in row ${row}`);
    }
    counted++;
  }
  return { pointer, counted };
}

/** Rows that all count, with labels as they are: the core's own kernel, or a device. */
function plainCrossEntropy(tape: Tape, logits: Tensor, labels: Pointer, divisor: number): Tensor {
  const [batch, classes] = logits.shape as [number, number];
  const device = tape.place('loss', logits.size, [logits], 1);
  if (device !== undefined) {
    const { loss, slope } = device.crossEntropy(logits.on(device), tape.core.memory.i32(labels, batch), divisor);
    const kept = tape.made(device, slope, logits.shape);
    return tape.record([logits], tape.made(device, loss, []), (gradient) =>
      tape.give(logits, tape.made(device, device.scaleBy(gradient.on(device), kept.on(device)), logits.shape)),
    );
  }
  const probabilities = tape.records([logits]) ? tape.empty(logits.shape, logits.dtype, OP) : null;
  const total = kernelOf(logits, 'loss_cross_entropy')(logits.source, labels, batch, classes, 0, probabilities?.pointer ?? 0);
  return tape.record([logits], tape.from([total / divisor], [], logits.dtype, OP), (gradient) => {
    tape.accumulate(logits, (pointer) =>
      kernelOf(logits, 'loss_cross_entropy_gradient')(probabilities!.source, labels, batch, classes, gradient.item() / divisor, pointer),
    );
  });
}

/** A label that no row has. */
const NONE = -1;

/** Rows that may be ignored, labels that may be smoothed. The gradient takes the probabilities' place: they are large. */
function smoothedCrossEntropy(tape: Tape, logits: Tensor, labels: Pointer, divisor: number, ignoreIndex: number, smoothing: number): Tensor {
  const [batch, classes] = logits.shape as [number, number];
  const probabilities = tape.records([logits]) ? tape.empty(logits.shape, logits.dtype, OP) : null;
  const run = kernelOf(logits, 'loss_smoothed_cross_entropy');
  const total = run(logits.source, labels, batch, classes, ignoreIndex, smoothing, probabilities?.pointer ?? 0);
  return tape.record([logits], tape.from([total / divisor], [], logits.dtype, OP), (gradient) => {
    const { pointer } = probabilities!;
    const scale = gradient.item() / divisor;
    kernelOf(logits, 'loss_smoothed_cross_entropy_gradient')(pointer, labels, batch, classes, ignoreIndex, smoothing, scale, pointer);
    tape.give(logits, probabilities!);
  });
}

/**
 * Cross-entropy of softmax(logits) against class labels: logits [batch, classes], labels [batch] -> [].
 * Accumulated in float64, rounded once. PyTorch's `F.cross_entropy`, but for a mean over no rows, which there is NaN.
 *
 * @param labels whole numbers from 0 to classes - 1, or `ignoreIndex`
 * @throws RangeError for logits that are no matrix, another number of labels, a label out of range (naming its row), an option out
 *   of range, a mean over no rows; TypeError when ignoring or smoothing is asked of a core without these kernels
 */
export function softmaxCrossEntropy(
  tape: Tape, logits: Tensor, labels: Int32Array | Uint8Array | readonly number[], options: CrossEntropyOptions = {},
): Tensor {
  requireOptions(OP, options);
  requireMatrix(OP, 'logits', logits);
  requireSettings(options);
  const { reduction = 'mean', ignoreIndex, labelSmoothing = 0 } = options;
  const [batch, classes] = logits.shape as [number, number];
  const { pointer, counted } = storeLabels(tape, labels, batch, classes, ignoreIndex);
  if (counted === 0 && reduction === 'mean') throw new RangeError(`${OP}: expected a label other than ignoreIndex ${ignoreIndex}, got none in ${batch} rows`);
  const divisor = reduction === 'mean' ? counted : 1;
  if (ignoreIndex === undefined && labelSmoothing === 0) return plainCrossEntropy(tape, logits, pointer, divisor);
  return smoothedCrossEntropy(tape, logits, pointer, divisor, ignoreIndex ?? NONE, labelSmoothing);
}
