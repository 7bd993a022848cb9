import { product, type Operand } from './product.js';
import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { bytesOf, formatShape, kernelOf, requireSameDType, type Tensor } from './tensor.js';

const OP = 'attend';

interface Extents {
  batch: number;
  queries: number;
  keys: number;
  hidden: number;
}

function requireExtents(query: Tensor, keys: Tensor, lengths: Int32Array): Extents {
  requireSameDType(OP, query, keys);
  const batch = lengths.length;
  const areFit = [query, keys].every(({ shape }) => shape.length === 2 && shape[0]! % batch === 0) && query.shape[1] === keys.shape[1];
  if (!areFit || batch === 0 || query.size === 0) {
    throw new RangeError(
      `${OP}: expected query [steps * ${batch}, hidden] and keys [steps * ${batch}, hidden], got ${formatShape(query.shape)} and ${formatShape(keys.shape)}`,
    );
  }
  const extents = { batch, queries: query.shape[0]! / batch, keys: keys.shape[0]! / batch, hidden: query.shape[1]! };
  const wrong = lengths.find((length) => length < 1 || length > extents.keys);
  if (wrong !== undefined) throw new RangeError(`${OP}: expected lengths from 1 to ${extents.keys}, got ${wrong}`);
  return extents;
}

/** The rows of sequence b, one in `batch`, of a time-major matrix; or their transpose. */
function rowsOf(matrix: Tensor, batch: number, b: number, transposed = false): Operand {
  const columns = matrix.shape[1]!;
  const pointer = rowOf(matrix, b);
  return transposed ? { pointer, rowStride: 1, columnStride: batch * columns } : { pointer, rowStride: batch * columns, columnStride: 1 };
}

function rowOf(matrix: Tensor, b: number): Pointer {
  return matrix.source + bytesOf([b, matrix.shape[1]!], matrix.dtype);
}

/** A matrix of this step, all of one value. */
function filled(tape: Tape, shape: [number, number], like: Tensor, value: number): Tensor {
  const matrix = tape.empty(shape, like.dtype, OP);
  kernelOf(like, 'arithmetic_fill')(matrix.pointer, value, matrix.size);
  return matrix;
}

/** Softmax of each query's products with its sequence's own keys, [queries * batch, keys]; zero past a sequence's end. */
function attention(tape: Tape, query: Tensor, keys: Tensor, lengths: Int32Array, { batch, queries, keys: steps, hidden }: Extents): Tensor {
  // exp(-Infinity) is 0: what no product fills gets no weight.
  const weights = filled(tape, [queries * batch, steps], query, -Infinity);
  lengths.forEach((length, b) =>
    product(query, queries, length, hidden, rowsOf(query, batch, b), rowsOf(keys, batch, b, true), rowOf(weights, b), batch * steps),
  );
  kernelOf(weights, 'loss_softmax')(weights.source, queries * batch, steps, weights.pointer);
  return weights;
}

/** Gradient of the products before softmax, from those of context and weights. */
function scoreGradient(
  tape: Tape, keys: Tensor, weights: Tensor, lengths: Int32Array, { batch, queries, keys: steps, hidden }: Extents, context?: Tensor, given?: Tensor,
): Tensor {
  const gradient = filled(tape, [queries * batch, steps], keys, 0);
  if (context !== undefined) {
    lengths.forEach((length, b) =>
      product(keys, queries, length, hidden, rowsOf(context, batch, b), rowsOf(keys, batch, b, true), rowOf(gradient, b), batch * steps),
    );
  }
  if (given !== undefined) kernelOf(keys, 'arithmetic_add')(gradient.source, given.source, gradient.pointer, gradient.size);
  kernelOf(keys, 'loss_softmax_gradient')(gradient.source, weights.source, queries * batch, steps, gradient.pointer);
  return gradient;
}

/** Keys get their scores' share, score^T query, and their context's, weights^T of its gradient. */
function giveKeys(tape: Tape, query: Tensor, keys: Tensor, scores: Tensor, weights: Tensor, lengths: Int32Array, { batch, queries, hidden }: Extents, context?: Tensor): void {
  const share = (left: Tensor, right: Tensor) => {
    const gradient = filled(tape, [keys.shape[0]!, hidden], keys, 0);
    lengths.forEach((length, b) =>
      product(keys, length, hidden, queries, rowsOf(left, batch, b, true), rowsOf(right, batch, b), rowOf(gradient, b), batch * hidden),
    );
    tape.give(keys, gradient);
  };
  if (!keys.requiresGrad) return;
  share(scores, query);
  if (context !== undefined) share(weights, context);
}

/**
 * Dot-product attention (Luong et al. 2015), time-major: query row t * batch + b looks at the first lengths[b] of the key rows
 * s * batch + b. weights = softmax(query . key) over them, context = the sum of the keys so weighted.
 *
 * @param query [queries * batch, hidden]
 * @param keys [keys * batch, hidden]; gradients go to both
 * @param lengths of each sequence of the batch, from 1 to keys
 * @returns context [queries * batch, hidden]; weights [queries * batch, keys], zero from lengths[b] on
 * @throws RangeError for shapes or lengths that do not fit; TypeError for mixed dtypes
 */
export function attend(tape: Tape, query: Tensor, keys: Tensor, lengths: Int32Array): { context: Tensor; weights: Tensor } {
  const extents = requireExtents(query, keys, lengths);
  const { batch, queries, hidden } = extents;
  const weights = attention(tape, query, keys, lengths, extents);
  const context = tape.empty([queries * batch, hidden], query.dtype, OP);
  lengths.forEach((length, b) =>
    product(query, queries, hidden, length, rowsOf(weights, batch, b), rowsOf(keys, batch, b), rowOf(context, b), batch * hidden),
  );
  tape.recordSeveral([query, keys], [context, weights], ([contextGradient, weightsGradient]) => {
    const scores = scoreGradient(tape, keys, weights, lengths, extents, contextGradient, weightsGradient);
    tape.accumulate(query, (pointer) => {
      const stride = bytesOf([hidden], query.dtype);
      lengths.forEach((length, b) =>
        product(query, queries, hidden, length, rowsOf(scores, batch, b), rowsOf(keys, batch, b), pointer + b * stride, batch * hidden),
      );
    });
    giveKeys(tape, query, keys, scores, weights, lengths, extents, contextGradient);
  });
  return { context, weights };
}
