import { add, maxPool2d, reshape, type PoolingWindow, type Shape, type Tape, type Tensor } from '../tensor/index.js';
import type { Joint } from './distribution.js';
import { pooledShape } from './layers-affine.js';
import { requireImage, type Layer } from './layers.js';
import { embedBlock, symmetricSum, takeBlock } from './covariance-ops.js';
import { maxJoint, maxMarginals } from './max.js';

/** For each output, the input features in its window, in reading order; padding is no feature. */
function windowGroups(input: Shape, { kernel, stride = kernel, padding = [0, 0] }: PoolingWindow): Int32Array[] {
  const [channels, height, width] = requireImage('maxPool2d', input);
  const [, outHeight, outWidth] = pooledShape('maxPool2d', input, { kernel, stride, padding }) as [number, number, number];
  const groups: Int32Array[] = [];
  const positions = (start: number, length: number, extent: number) =>
    Array.from({ length }, (_, offset) => start + offset).filter((position) => position >= 0 && position < extent);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < outHeight; row++) {
      const ys = positions(row * stride[0] - padding[0], kernel[0], height);
      for (let column = 0; column < outWidth; column++) {
        const xs = positions(column * stride[1] - padding[1], kernel[1], width);
        groups.push(Int32Array.from(ys.flatMap((y) => xs.map((x) => (channel * height + y) * width + x))));
      }
    }
  }
  return groups;
}

/** The first largest feature of every group, for each sample: [batch, groups]. */
function largestOf(at: Tensor, groups: readonly Int32Array[]): Int32Array {
  const [batch, n] = at.shape as [number, number];
  const values = at.toArray();
  const largest = new Int32Array(batch * groups.length);
  for (let sample = 0; sample < batch; sample++) {
    groups.forEach((group, index) => {
      let best = group[0]!;
      for (const feature of group) if (values[sample * n + feature]! > values[sample * n + best]!) best = feature;
      largest[sample * groups.length + index] = best;
    });
  }
  return largest;
}

/** Columns of rows [batch, k, n] chosen by indices [batch, m]: [batch, k, m]. Takes no part in gradients. */
function takeColumns(tape: Tape, rows: Tensor, indices: Int32Array): Tensor {
  const [batch, count, n] = rows.shape as [number, number, number];
  const m = indices.length / batch;
  const from = rows.toArray();
  const values = new Float64Array(batch * count * m);
  for (let row = 0; row < batch * count; row++) {
    const chosen = Math.floor(row / count) * m;
    for (let column = 0; column < m; column++) values[row * m + column] = from[row * n + indices[chosen + column]!]!;
  }
  return tape.from(values, [batch, count, m], 'float64', 'chosen columns');
}

/** K = Cov(z, x) and S -> the covariances of (z, x), Cov(z, z) left 0: a maximum over x does not read it. */
function withCross(tape: Tape, cross: Tensor, covariance: Tensor): Tensor {
  const [, k, n] = cross.shape as [number, number, number];
  const corner = embedBlock(tape, covariance, [k + n, k + n], k, k);
  return add(tape, corner, symmetricSum(tape, embedBlock(tape, cross, [k + n, k + n], 0, k), 1));
}

/** Cov(z, max) for every group: Clark's rule over z and x together, z being maxima of one variable each. */
function crossOfMaxima(tape: Tape, cross: Tensor, joint: Joint, groups: readonly Int32Array[]): Tensor {
  const [batch, k] = cross.shape as [number, number];
  const n = joint.mean.shape[1]!;
  // Their means may be anything.
  const mean = embedBlock(tape, reshape(tape, joint.mean, [batch, 1, n]), [1, k + n], 0, k);
  const singles = Array.from({ length: k }, (_, index) => Int32Array.of(index));
  const all = [...singles, ...groups.map((group) => group.map((feature) => feature + k))];
  const joined = maxJoint(tape, { mean: reshape(tape, mean, [batch, k + n]), covariance: withCross(tape, cross, joint.covariance) }, all);
  return takeBlock(tape, joined.covariance, 0, k, k, groups.length);
}

/**
 * Largest value of each window (PyTorch's `F.max_pool2d`), by Clark's formulas pair by pair: the maximum of Gaussians is
 * taken as Gaussian again. Its Jacobian is that of the window's first largest value.
 */
export function maxPool2dLayer(window: PoolingWindow): Layer {
  const known = new Map<string, Int32Array[]>();
  const groupsOf = (input: Shape) => {
    const key = input.join();
    const groups = known.get(key) ?? windowGroups(input, window);
    known.set(key, groups);
    return groups;
  };
  return {
    kind: 'maxPool2d', parameters: [], isAffine: false,
    outputShape: (input) => pooledShape('maxPool2d', input, window),
    forward(tape, x, input) {
      const pooled = maxPool2d(tape, reshape(tape, x, [x.shape[0]!, ...input]), window);
      return reshape(tape, pooled, [x.shape[0]!, pooled.size / x.shape[0]!]);
    },
    marginals: (tape, moments, input) => maxMarginals(tape, moments, groupsOf(input)),
    joint(tape, { joint, crosses }, input) {
      const groups = groupsOf(input);
      return { joint: maxJoint(tape, joint, groups), crosses: crosses.map((cross) => crossOfMaxima(tape, cross, joint, groups)) };
    },
    differential: (tape, rows, at, input) => takeColumns(tape, rows, largestOf(at, groupsOf(input))),
  };
}
