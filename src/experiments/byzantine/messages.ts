// The honest workers' messages of one step, either as factors (no message is ever written out) or row by row.
import { dot, kernelOf, linear, matmul, rowRange, sumOfSquares, type DType, type Tape, type Tensor } from '../../tensor/index.js';
import type { LayerFactors, LinearStack } from './linear-stack.js';

/** A message that is sent `repeats` times: the sum of weights[h] times message h, and `added` [dimension]. */
export interface Repeated {
  repeats: number;
  weights: Float64Array;
  added: Tensor | undefined;
}

/** H messages of `dimension` values. */
export interface Messages {
  readonly count: number;
  readonly dimension: number;
  readonly dtype: DType;
  /** Inner products of all pairs [count, count]. */
  gram(): Float64Array;
  /** Inner products with other vectors [others, dimension]: [count, others]. */
  products(others: Tensor): Float64Array;
  /** Writes the sum of weights[h] times message h to `into` [dimension]. */
  combine(weights: Float64Array, into: Tensor): void;
  /**
   * Writes the median of each value of the messages and copies of one more to `into` [dimension].
   * @param even of two middle values 0 takes the lower, 1 their mean, 2 the upper
   */
  medianWith(tape: Tape, repeated: Repeated, even: number, into: Tensor): void;
  /** All messages [count, dimension], written out. */
  rows(): Tensor;
  /** The messages [count + others, dimension], and after them rows to write others to. */
  rowsWithRoom(tape: Tape, others: number): Tensor;
}

/** Messages that lie in a matrix [count, dimension]. */
export class WrittenMessages implements Messages {
  readonly count: number;
  readonly dimension: number;
  readonly #rows: Tensor;

  constructor(rows: Tensor) {
    this.#rows = rows;
    [this.count, this.dimension] = rows.shape as [number, number];
  }

  get dtype(): DType {
    return this.#rows.dtype;
  }

  gram(): Float64Array {
    return gramOf(this.#rows);
  }

  products(others: Tensor): Float64Array {
    return productsOf(this.#rows, others);
  }

  combine(weights: Float64Array, into: Tensor): void {
    weightedSum(this.#rows, weights, into);
  }

  medianWith(tape: Tape, repeated: Repeated, even: number, into: Tensor): void {
    medianOfRows(tape, this, repeated, even, into);
  }

  rows(): Tensor {
    return this.#rows;
  }

  rowsWithRoom(tape: Tape, others: number): Tensor {
    return copiedWithRoom(tape, this.#rows, others);
  }
}

function copiedWithRoom(tape: Tape, written: Tensor, others: number): Tensor {
  const [count, dimension] = written.shape as [number, number];
  const rows = tape.empty([count + others, dimension], written.dtype, 'messages and others');
  rowRange(rows, 0, count).data.set(written.data);
  return rows;
}

/** Rows of a Gram matrix of samples that are computed at once. */
const ROWS_TOGETHER = 64;

/** Other vectors up to which each is sent through the layers; for more the messages are written out. */
const FEW_OTHERS = 3;

/** Samples a worker up to which outer products are added one by one. */
const SMALL_BATCH = 16;

/** Bytes rounded up to the alignment that kernels want of their scratch. */
function wholeLines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Inner products of all rows [count, count], float64. */
export function gramOf(rows: Tensor): Float64Array {
  const { core } = rows;
  const [count, dimension] = rows.shape as [number, number];
  const bytes = wholeLines(8 * count * count);
  const output = core.scratch(bytes + kernelOf(rows, 'aggregation_gram_scratch')(count), 'Gram matrix');
  kernelOf(rows, 'aggregation_gram')(rows.source, count, dimension, dimension, output, output + bytes);
  return core.memory.f64(output, count * count).slice();
}

/** Inner products of the rows of two matrices [a rows, b rows], float64. */
export function productsOf(a: Tensor, b: Tensor): Float64Array {
  const { core } = a;
  const [count, dimension] = a.shape as [number, number];
  const others = b.shape[0]!;
  const bytes = wholeLines(8 * count * others);
  const output = core.scratch(bytes + kernelOf(a, 'aggregation_cross_gram_scratch')(count, others), 'inner products');
  kernelOf(a, 'aggregation_cross_gram')(a.source, count, dimension, b.source, others, dimension, dimension, output, output + bytes);
  return core.memory.f64(output, count * others).slice();
}

/** into [dimension] = the sum of weights[i] times row i. */
export function weightedSum(rows: Tensor, weights: Float64Array, into: Tensor): void {
  const { core } = rows;
  const [count, dimension] = rows.shape as [number, number];
  const bytes = wholeLines(8 * count);
  const given = core.scratch(bytes + kernelOf(rows, 'aggregation_sum_scratch')(), 'weighted sum');
  core.memory.f64(given, count).set(weights);
  kernelOf(rows, 'aggregation_weighted_sum')(rows.source, count, dimension, dimension, given, into.pointer, given + bytes);
}

function medianOfRows(tape: Tape, messages: Messages, { repeats, weights, added }: Repeated, even: number, into: Tensor): void {
  const rows = messages.rows();
  const { count, dimension } = messages;
  const repeated = tape.empty([dimension], rows.dtype, 'repeated message');
  if (repeats > 0) messages.combine(weights, repeated);
  if (repeats > 0 && added !== undefined) addScaled(repeated, 1, added);
  const scratch = rows.core.scratch(kernelOf(rows, 'aggregation_order_scratch')(count), 'median');
  kernelOf(rows, 'aggregation_clamped_median')(rows.source, count, dimension, dimension, repeats, repeated.source, even, into.pointer, scratch);
}

/** a = a + factor * b, value by value. */
export function addScaled(a: Tensor, factor: number, b: Tensor): void {
  if (factor === 1) return kernelOf(a, 'arithmetic_add')(a.pointer, b.source, a.pointer, a.size);
  const term = a.core.scratch(a.size * (a.dtype === 'float32' ? 4 : 8), 'scaled vector');
  kernelOf(a, 'arithmetic_scale')(b.source, factor, term, a.size);
  kernelOf(a, 'arithmetic_add')(a.pointer, term, a.pointer, a.size);
}

/**
 * Messages of equal batches through a stack of linear layers, plus a multiple of the parameters (weight decay). A sample's gradient
 * of a layer is delta x input, so inner products of messages are sums of products of two small Gram matrices; with convolutions,
 * whose gradients are sums of many such products, the messages are written out.
 */
export class FactoredMessages implements Messages {
  readonly count: number;
  readonly dimension: number;
  readonly #tape: Tape;
  readonly #stack: LinearStack;
  readonly #factors: readonly LayerFactors[];
  readonly #batch: number;
  readonly #decay: number;
  #rows: Tensor | undefined;

  /**
   * @param factors of count * batch samples, a worker's next to each other
   * @param decay what the parameters are multiplied by before they are added to every message
   */
  constructor(tape: Tape, stack: LinearStack, factors: readonly LayerFactors[], batch: number, decay: number) {
    this.#tape = tape;
    this.#stack = stack;
    this.#factors = factors;
    this.#batch = batch;
    this.#decay = decay;
    this.count = factors[0]!.delta.shape[0]! / batch;
    this.dimension = stack.dimension;
  }

  get dtype(): DType {
    return this.#stack.flat.dtype;
  }

  gram(): Float64Array {
    const samples = this.count * this.#batch;
    if (this.#stack.hasConvolutions || this.#isCheaperWritten(samples)) return gramOf(this.rows());
    const gram = new Float64Array(this.count * this.count);
    for (const layer of this.#factors) this.#addLayer(gram, samples, layer);
    this.#addDecay(gram);
    for (let row = 0; row < this.count; row++) for (let column = 0; column < row; column++) gram[row * this.count + column] = gram[column * this.count + row]!;
    return gram;
  }

  /** Whether writing the messages out and multiplying them takes fewer multiplications than all pairs of samples. */
  #isCheaperWritten(samples: number): boolean {
    const widths = this.#factors.reduce((total, { delta, input }) => total + delta.shape[1]! + input.shape[1]!, 0);
    return (samples * samples * widths) / 2 > (samples + (this.count * this.count) / 2) * this.dimension;
  }

  /** Adds a layer's part to the upper triangle, some workers' rows at a time: what lies left of them is the triangle's other half. */
  #addLayer(gram: Float64Array, samples: number, { delta, input, offset }: LayerFactors): void {
    const shift = offsetShift(input, offset);
    const together = Math.max(1, Math.ceil(ROWS_TOGETHER / this.#batch));
    for (let first = 0; first < this.count; first += together) {
      const start = first * this.#batch;
      const end = Math.min(this.count, first + together) * this.#batch;
      const products = (x: Tensor) => matmul(this.#tape, rowRange(x, start, end), rowRange(x, start, samples), { transposeB: true });
      const [inputs, deltas] = this.#tape.withoutRecording(() => [products(input), products(delta)]);
      this.#addProducts(gram, inputs!.data, deltas!.data, shift.subarray(start), first, (end - start) / this.#batch);
    }
  }

  /** Sums the products of both Gram matrices over each pair of workers; rows and columns begin with worker `first`'s. */
  #addProducts(gram: Float64Array, inputs: ArrayLike<number>, deltas: ArrayLike<number>, shift: Float64Array, first: number, workers: number): void {
    const batch = this.#batch;
    const width = shift.length;
    for (let row = 0; row < workers * batch; row++) {
      const worker = first + Math.floor(row / batch);
      const ownShift = shift[row]! + 1;
      const line = worker * this.count;
      let column = (worker - first) * batch;
      let at = row * width + column;
      for (let other = worker; other < this.count; other++) {
        let sum = 0;
        for (const end = column + batch; column < end; column++, at++) sum += deltas[at]! * (inputs[at]! + (ownShift + shift[column]!));
        gram[line + other]! += sum;
      }
    }
  }

  /** <g, theta> of a sample is the sum over layers of delta . preactivation, since the preactivation is W input + bias. */
  #addDecay(gram: Float64Array): void {
    if (this.#decay === 0) return;
    const along = new Float64Array(this.count);
    for (const { delta, preactivation } of this.#factors) addRowProducts(along, delta, preactivation, this.#batch);
    const square = this.#decay * this.#decay * sumOfSquares(this.#stack.flat);
    for (let row = 0; row < this.count; row++) {
      for (let column = row; column < this.count; column++) gram[row * this.count + column]! += this.#decay * (along[row]! + along[column]!) + square;
    }
  }

  products(others: Tensor): Float64Array {
    const count = others.shape[0]!;
    if (count > FEW_OTHERS && this.#hasFewProducts) return this.#productsOfFactors(others);
    if (count > FEW_OTHERS || this.#stack.hasConvolutions) return productsOf(this.rows(), others);
    const result = new Float64Array(this.count * count);
    for (let index = 0; index < count; index++) {
      const other = rowRange(others, index, index + 1).view([this.dimension]);
      const along = new Float64Array(this.count);
      for (const [layer, { weight, bias }] of this.#stack.viewsOf(other).entries()) {
        const { delta, input, offset } = this.#factors[layer]!;
        const projected = this.#tape.withoutRecording(() => linear(this.#tape, input, weight, bias, { inputOffset: offset }));
        addRowProducts(along, delta, projected, this.#batch);
      }
      for (let row = 0; row < this.count; row++) result[row * count + index] = along[row]!;
    }
    return this.#withDecay(result, others);
  }

  #productsOfFactors(others: Tensor): Float64Array {
    const { core } = others;
    const count = others.shape[0]!;
    const result = this.#tape.from(new Float64Array(this.count * count), [this.count, count], 'float64', 'inner products');
    const first = this.#stack.viewsOf(rowRange(others, 0, 1).view([this.dimension]));
    for (const [layer, { delta, input, offset }] of this.#factors.entries()) {
      const [outputs, inputs] = [delta.shape[1]!, input.shape[1]!];
      const scratch = core.scratch(core.kernels.factored_products_scratch_f32(this.count, this.#batch, outputs, count), 'inner products');
      core.kernels.factored_products_f32(
        delta.source, input.source, this.count, this.#batch, outputs, inputs, offset, first[layer]!.weight.source, count, this.dimension, result.pointer, count, scratch,
      );
    }
    return this.#withDecay(Float64Array.from(result.data), others);
  }

  /** Adds to the products [count, others] those of the decayed parameters, which every message includes. */
  #withDecay(products: Float64Array, others: Tensor): Float64Array {
    if (this.#decay === 0) return products;
    const count = others.shape[0]!;
    const decayed = Array.from({ length: count }, (_, index) => this.#decay * dot(this.#stack.flat, rowRange(others, index, index + 1).view([this.dimension])));
    return products.map((product, at) => product + decayed[at % count]!);
  }

  combine(weights: Float64Array, into: Tensor): void {
    // Of small batches the factors are less to read than the rows.
    if (this.#rows !== undefined && this.#batch > SMALL_BATCH) return weightedSum(this.#rows, weights, into);
    const scaled = this.#factors.map((layer) => ({ ...layer, delta: this.#scaledRows(layer.delta, weights) }));
    this.#stack.writeGradient(this.#tape, scaled, into);
    if (this.#decay !== 0) addScaled(into, this.#decay * weights.reduce((total, weight) => total + weight, 0), this.#stack.flat);
  }

  #scaledRows(delta: Tensor, weights: Float64Array): Tensor {
    const scaled = this.#tape.empty(delta.shape, delta.dtype, 'weighted deltas');
    const [from, to] = [delta.data, scaled.data];
    const columns = delta.shape[1]! * this.#batch;
    for (let worker = 0, at = 0; worker < this.count; worker++) for (let i = 0; i < columns; i++, at++) to[at] = from[at]! * weights[worker]!;
    return scaled;
  }

  medianWith(tape: Tape, repeated: Repeated, even: number, into: Tensor): void {
    if (!this.#hasFewProducts || this.#decay !== 0 || this.#rows !== undefined) return medianOfRows(tape, this, repeated, even, into);
    const { core } = into;
    const weights = tape.from(repeated.weights, [this.count], this.dtype, 'weights');
    const [added, results] = [repeated.added && this.#stack.viewsOf(repeated.added), this.#stack.viewsOf(into)];
    for (const [layer, { delta, input, offset }] of this.#factors.entries()) {
      const [outputs, inputs] = [delta.shape[1]!, input.shape[1]!];
      const scratch = core.scratch(core.kernels.factored_median_scratch_f32(this.count, this.#batch, outputs), 'median');
      core.kernels.factored_median_f32(
        delta.source, input.source, this.count, this.#batch, outputs, inputs, offset, repeated.repeats, weights.source, added?.[layer]!.weight.source ?? 0, even,
        0, inputs, results[layer]!.weight.pointer, scratch,
      );
    }
  }

  /** Whether each value of a message is a sum of a few products, which kernels add one by one. */
  get #hasFewProducts(): boolean {
    return this.#batch <= SMALL_BATCH && !this.#stack.hasConvolutions && this.dtype === 'float32';
  }

  rows(): Tensor {
    if (this.#rows === undefined) {
      this.#rows = this.#tape.empty([this.count, this.dimension], this.dtype, 'messages');
      this.#write(this.#rows);
    }
    return this.#rows;
  }

  rowsWithRoom(tape: Tape, others: number): Tensor {
    if (this.#rows !== undefined) return copiedWithRoom(tape, this.#rows, others);
    const all = tape.empty([this.count + others, this.dimension], this.dtype, 'messages and others');
    this.#rows = rowRange(all, 0, this.count);
    this.#write(this.#rows);
    return all;
  }

  #write(rows: Tensor): void {
    if (this.#batch <= SMALL_BATCH && !this.#stack.hasConvolutions) this.#writeOuterProducts(rows);
    else this.#writeProducts(rows);
    if (this.#decay !== 0) for (let worker = 0; worker < this.count; worker++) addScaled(rowRange(rows, worker, worker + 1).view([this.dimension]), this.#decay, this.#stack.flat);
  }

  /** A matrix product for each worker and layer. */
  #writeProducts(rows: Tensor): void {
    for (let worker = 0; worker < this.count; worker++) {
      const [start, end] = [worker * this.#batch, (worker + 1) * this.#batch];
      const own = this.#factors.map(({ delta, input, offset }) => ({ delta: rowRange(delta, start, end), input: rowRange(input, start, end), offset }));
      this.#stack.writeGradient(this.#tape, own, rowRange(rows, worker, worker + 1).view([this.dimension]));
    }
  }

  /** One kernel for all workers of a layer. */
  #writeOuterProducts(rows: Tensor): void {
    const first = this.#stack.viewsOf(rowRange(rows, 0, 1).view([this.dimension]));
    for (const [layer, { delta, input, offset }] of this.#factors.entries()) {
      const [outputs, inputs] = [delta.shape[1]!, input.shape[1]!];
      kernelOf(rows, 'outer_rows')(delta.source, input.source, this.count, this.#batch, outputs, inputs, offset, first[layer]!.weight.pointer, this.dimension);
    }
  }
}

/** What storing inputs less an offset leaves out of their inner products: s_a + s_b with s = offset * sum + offset^2 inputs / 2. */
function offsetShift(input: Tensor, offset: number): Float64Array {
  const [samples, inputs] = input.shape as [number, number];
  const shift = new Float64Array(samples);
  if (offset === 0) return shift;
  const sumOf = kernelOf(input, 'reduction_sum');
  const constant = (offset * offset * inputs) / 2;
  for (let row = 0; row < samples; row++) shift[row] = offset * sumOf(rowRange(input, row, row + 1).source, inputs) + constant;
  return shift;
}

/** Adds to each worker's entry the inner products of the rows of two matrices, over its batch. */
function addRowProducts(into: Float64Array, a: Tensor, b: Tensor, batch: number): void {
  const columns = a.shape[1]! * batch;
  const [left, right] = [a.data, b.data];
  for (let worker = 0, at = 0; worker < into.length; worker++) {
    let sum = 0;
    for (let i = 0; i < columns; i++, at++) sum += left[at]! * right[at]!;
    into[worker]! += sum;
  }
}
