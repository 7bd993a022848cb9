import type { Shape, Tape, Tensor } from '../tensor/index.js';
import type { Joint, Marginals } from './distribution.js';

/** Features [batch, n] and their covariances with variables that came before: each [batch, k, n]. */
export interface Carried {
  readonly joint: Joint;
  readonly crosses: readonly Tensor[];
}

/**
 * One layer of a network, over flat features [batch, n]; `input` is their shape without the batch: [n], or
 * [channels, height, width] row-major. All float64.
 */
export interface Layer {
  readonly kind: 'linear' | 'conv2d' | 'averagePool2d' | 'maxPool2d' | 'flatten' | 'activation' | 'residual';
  readonly parameters: readonly Tensor[];
  /** Whether the layer is affine, so that its moments are exact for any distribution. */
  readonly isAffine: boolean;
  /** Shape of the result without the batch. @throws RangeError when the layer cannot take that input */
  outputShape(input: Shape): Shape;
  /** The function itself. */
  forward(tape: Tape, x: Tensor, input: Shape): Tensor;
  /** Means and variances, the input's features taken as uncorrelated. */
  marginals(tape: Tape, moments: Marginals, input: Shape): Marginals;
  /** Means and covariances, and the covariances of the result with the variables carried along. */
  joint(tape: Tape, carried: Carried, input: Shape): Carried;
  /** Rows [batch, k, n] times the transposed Jacobian at `at` [batch, n]: [batch, k, m]. Takes no part in gradients. */
  differential(tape: Tape, rows: Tensor, at: Tensor, input: Shape): Tensor;
}

/** @throws RangeError unless `input` is [channels, height, width] */
export function requireImage(kind: string, input: Shape): readonly [channels: number, height: number, width: number] {
  if (input.length !== 3) throw new RangeError(`${kind}: expected an input [channels, height, width], got [${input.join(', ')}]`);
  return input as unknown as [number, number, number];
}
