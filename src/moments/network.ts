import { formatShape, sizeOf, type Shape, type Tape, type Tensor } from '../tensor/index.js';
import type { Layer } from './layers.js';
import { requireShape } from './covariance-ops.js';
import { shapesThrough } from './shapes.js';

function requireInputShape(shape: Shape): void {
  if (shape.length === 0 || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 1)) {
    throw new RangeError(`network: expected an input shape such as [n] or [channels, height, width], got ${formatShape(shape)}`);
  }
}

/** A sequence of layers that moments propagate through; float64, features flat [batch, n]. */
export class MomentNetwork {
  readonly layers: readonly Layer[];
  /** Shapes without the batch: the input's, then each layer's result. */
  readonly shapes: readonly Shape[];
  /** The same as numbers of features. */
  readonly sizes: readonly number[];

  /**
   * @param inputShape without the batch: [n], or [channels, height, width]
   * @throws RangeError for no layers, or naming the layer whose dimensions do not fit
   */
  constructor(layers: readonly Layer[], inputShape: Shape) {
    requireInputShape(inputShape);
    if (layers.length === 0) throw new RangeError('network: expected at least one layer, got none');
    this.layers = layers;
    this.shapes = shapesThrough(layers, inputShape, 'network');
    this.sizes = this.shapes.map(sizeOf);
  }

  get inputs(): number {
    return this.sizes[0]!;
  }

  get outputs(): number {
    return this.sizes.at(-1)!;
  }

  /** Whether every layer is affine. */
  get isAffine(): boolean {
    return this.layers.every((layer) => layer.isAffine);
  }

  /** The network itself: x [batch, n] -> [batch, m]. @throws RangeError for another number of features; TypeError for float32 */
  forward(tape: Tape, x: Tensor): Tensor {
    this.requireInput('forward', x);
    return this.layers.reduce((value, layer, index) => layer.forward(tape, value, this.shapes[index]!), x);
  }

  /** The layers' weights and biases, in order. */
  parameters(): Tensor[] {
    return this.layers.flatMap((layer) => layer.parameters);
  }

  /**
   * Layers `start` up to `end` as a network of their own, sharing the parameters.
   * @throws RangeError for a range without layers or beyond them
   */
  slice(start: number, end = this.layers.length): MomentNetwork {
    const isWithin = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= this.layers.length;
    if (!isWithin) throw new RangeError(`slice: expected 0 <= start < end <= ${this.layers.length}, got ${start} and ${end}`);
    return new MomentNetwork(this.layers.slice(start, end), this.shapes[start]!);
  }

  /** @throws RangeError unless x is [batch, n] with the network's n; TypeError unless it is float64 */
  requireInput(op: string, x: Tensor): void {
    requireShape(op, 'an input', x, [x.shape[0] ?? 0, this.inputs]);
  }
}
