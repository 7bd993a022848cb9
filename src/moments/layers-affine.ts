// Layers whose moments are exact: linear, convolution, average pooling, flatten.
import {
  avgPool2d, conv2d, convolvedExtent, matmul, mul, reshape, scale, sizeOf, formatShape, type ConvolutionOptions, type Pair, type PoolingWindow, type Shape, type Tape,
  type Tensor,
} from '../tensor/index.js';
import { affineMarginals, affineMean } from './affine.js';
import type { Marginals } from './distribution.js';
import { requireImage, type Carried, type Layer } from './layers.js';
import { congruence, rowsThrough, symmetricSum, transposed } from './covariance-ops.js';

/** A map of flat rows [rows, n] -> [rows, m]. */
type RowMap = (rows: Tensor) => Tensor;

/** [batch, k, n] -> [batch, k, m] by a map of rows. */
function mapRows(tape: Tape, rows: Tensor, map: RowMap): Tensor {
  const [batch, count, n] = rows.shape as [number, number, number];
  const mapped = map(reshape(tape, rows, [batch * count, n]));
  return reshape(tape, mapped, [batch, count, mapped.shape[1]!]);
}

/** L S L^T of a linear map of rows, exactly symmetric. */
function mapBothSides(tape: Tape, covariance: Tensor, map: RowMap): Tensor {
  const half = transposed(tape, mapRows(tape, covariance, map));
  return symmetricSum(tape, mapRows(tape, half, map), 0.5);
}

function requireFloat64(kind: string, ...tensors: (Tensor | null)[]): void {
  const wrong = tensors.find((tensor) => tensor !== null && tensor.dtype !== 'float64');
  if (wrong != null) throw new TypeError(`${kind}: expected parameters in float64, got ${wrong.dtype}`);
}

const present = (...tensors: (Tensor | null)[]) => tensors.filter((tensor) => tensor !== null);

/**
 * Fully connected layer: weight [out, in], bias [out] or null, float64. Takes [in], or an image of as many values.
 * @throws RangeError for parameters that do not fit each other; TypeError for float32
 */
export function linearLayer(weight: Tensor, bias: Tensor | null = null): Layer {
  requireFloat64('linear', weight, bias);
  const [outputs, inputs] = weight.shape as [number, number];
  if (weight.shape.length !== 2 || (bias !== null && bias.size !== outputs)) {
    throw new RangeError(`linear: expected weight [out, in] and bias [out], got ${formatShape(weight.shape)} and ${bias === null ? 'no bias' : formatShape(bias.shape)}`);
  }
  return {
    kind: 'linear', parameters: present(weight, bias), isAffine: true,
    outputShape(input) {
      if (sizeOf(input) !== inputs) throw new RangeError(`linear: expected ${inputs} inputs, as its weight ${formatShape(weight.shape)} has columns, got ${formatShape(input)}`);
      return [outputs];
    },
    forward: (tape, x) => affineMean(tape, x, weight, bias),
    marginals: (tape, moments) => affineMarginals(tape, moments, weight, bias),
    joint: (tape, { joint, crosses }) => ({
      joint: { mean: affineMean(tape, joint.mean, weight, bias), covariance: congruence(tape, weight, joint.covariance) },
      crosses: crosses.map((cross) => mapRows(tape, cross, (rows) => matmul(tape, rows, weight, { transposeB: true }))),
    }),
    differential: (tape, rows) => rowsThrough(tape, rows, weight),
  };
}

/** What a layer of images computes, over [batch, channels, height, width]. */
interface ImageMap {
  kind: 'conv2d' | 'averagePool2d';
  parameters: readonly Tensor[];
  outputShape(input: Shape): Shape;
  /** The map itself. */
  forward(tape: Tape, images: Tensor): Tensor;
  /** Without the bias. */
  linear(tape: Tape, images: Tensor): Tensor;
  /** With squared coefficients, without the bias. */
  squared(tape: Tape, images: Tensor): Tensor;
}

/** An affine layer of images, which is a map of rows on either side of a covariance. */
function imageLayer(map: ImageMap): Layer {
  const over = (tape: Tape, x: Tensor, input: Shape, run: (tape: Tape, images: Tensor) => Tensor) => {
    const result = run(tape, reshape(tape, x, [x.shape[0]!, ...input]));
    return reshape(tape, result, [x.shape[0]!, result.size / x.shape[0]!]);
  };
  const linearOf = (tape: Tape, input: Shape): RowMap => (rows) => over(tape, rows, input, map.linear);
  return {
    kind: map.kind, parameters: map.parameters, isAffine: true,
    outputShape: map.outputShape,
    forward: (tape, x, input) => over(tape, x, input, map.forward),
    marginals: (tape, { mean, variance }: Marginals, input) => ({
      mean: over(tape, mean, input, map.forward), variance: over(tape, variance, input, map.squared),
    }),
    joint: (tape, { joint, crosses }: Carried, input) => ({
      joint: { mean: over(tape, joint.mean, input, map.forward), covariance: mapBothSides(tape, joint.covariance, linearOf(tape, input)) },
      crosses: crosses.map((cross) => mapRows(tape, cross, linearOf(tape, input))),
    }),
    differential: (tape, rows, _at, input) => tape.withoutRecording(() => mapRows(tape, rows, linearOf(tape, input))),
  };
}

export interface Conv2dOptions extends Omit<ConvolutionOptions, 'activation'> {
  /** Parts of the channels that do not see each other; default 1. */
  groups?: number;
}

/** The weight [out, in / groups, ...] of a convolution by groups as one of all channels [out, in, ...], zero between groups. */
function denseWeight(tape: Tape, weight: Tensor, groups: number): Tensor {
  if (groups === 1) return weight;
  const [outputs, channels, ...kernel] = weight.shape as [number, number, number, number];
  const columns = channels * sizeOf(kernel);
  const rows = outputs / groups;
  const output = tape.empty([outputs, channels * groups, ...kernel], 'float64', 'weight of all channels');
  const { memory } = weight.core;
  /** A row of the weight, and its place among the zeros. */
  const eachRow = (sparse: number, dense: number, visit: (sparse: Float64Array, dense: Float64Array) => void) => {
    for (let row = 0; row < outputs; row++) {
      const place = row * columns * groups + Math.floor(row / rows) * columns;
      visit(memory.f64(sparse + 8 * row * columns, columns), memory.f64(dense + 8 * place, columns));
    }
  };
  memory.f64(output.pointer, output.size).fill(0);
  eachRow(weight.source, output.pointer, (from, to) => to.set(from));
  return tape.record([weight], output, (gradient) => {
    tape.accumulate(weight, (pointer) => eachRow(pointer, gradient.source, (to, from) => to.set(from)));
  });
}

/**
 * Convolution (cross-correlation, as PyTorch's): weight [out, in / groups, kernelH, kernelW], bias [out] or null, float64.
 * Variances of uncorrelated pixels go through the squared kernels.
 * @throws RangeError for parameters that do not fit each other; TypeError for float32
 */
export function conv2dLayer(weight: Tensor, bias: Tensor | null = null, { groups = 1, ...options }: Conv2dOptions = {}): Layer {
  requireFloat64('conv2d', weight, bias);
  if (weight.shape.length !== 4 || (bias !== null && bias.size !== weight.shape[0])) {
    throw new RangeError(`conv2d: expected weight [out, in, kernel height, kernel width] and bias [out], got ${formatShape(weight.shape)} and ${bias === null ? 'no bias' : formatShape(bias.shape)}`);
  }
  const [outputs, channelsOfGroup, kernelH, kernelW] = weight.shape as [number, number, number, number];
  if (!(Number.isInteger(groups) && groups >= 1 && outputs % groups === 0)) {
    throw new RangeError(`conv2d: expected groups that divide the ${outputs} outputs, got ${groups}`);
  }
  const inputs = channelsOfGroup * groups;
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = options;
  return imageLayer({
    kind: 'conv2d', parameters: present(weight, bias),
    outputShape(input) {
      const [channels, height, width] = requireImage('conv2d', input);
      if (channels !== inputs) throw new RangeError(`conv2d: expected ${inputs} channels, as its weight ${formatShape(weight.shape)} takes, got an input ${formatShape(input)}`);
      const extents = [
        convolvedExtent(height, kernelH, stride[0], padding[0], dilation[0]), convolvedExtent(width, kernelW, stride[1], padding[1], dilation[1]),
      ];
      if (extents.some((extent) => extent < 1)) {
        throw new RangeError(`conv2d: expected an input of at least the kernel [${kernelH}, ${kernelW}], got ${formatShape(input)}`);
      }
      return [outputs, ...extents];
    },
    forward: (tape, images) => conv2d(tape, images, denseWeight(tape, weight, groups), bias, options),
    linear: (tape, images) => conv2d(tape, images, denseWeight(tape, weight, groups), null, options),
    squared: (tape, images) => conv2d(tape, images, denseWeight(tape, mul(tape, weight, weight), groups), null, options),
  });
}

/** Output extents of a pooling window. @throws RangeError when it does not fit the image */
export function pooledShape(kind: string, input: Shape, { kernel, stride = kernel, padding = [0, 0] }: PoolingWindow): Shape {
  const [channels, height, width] = requireImage(kind, input);
  const extentOf = (extent: number, axis: 0 | 1) => Math.floor((extent + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
  const [outHeight, outWidth] = [extentOf(height, 0), extentOf(width, 1)];
  if (!(outHeight >= 1 && outWidth >= 1)) {
    throw new RangeError(`${kind}: expected an input of at least the kernel ${formatShape(kernel)}, got ${formatShape(input)}`);
  }
  return [channels, outHeight, outWidth];
}

/** Means of windows, padding counted as zeros (PyTorch's `F.avg_pool2d`). */
export function averagePool2dLayer(window: PoolingWindow): Layer {
  const [kernelH, kernelW]: Pair = window.kernel;
  const pool = (tape: Tape, images: Tensor) => avgPool2d(tape, images, window);
  return imageLayer({
    kind: 'averagePool2d', parameters: [],
    outputShape: (input) => pooledShape('averagePool2d', input, window),
    forward: pool,
    linear: pool,
    squared: (tape, images) => scale(tape, pool(tape, images), 1 / (kernelH * kernelW)),
  });
}

/** Forgets channels, height and width; the features are flat already. */
export function flattenLayer(): Layer {
  return {
    kind: 'flatten', parameters: [], isAffine: true,
    outputShape: (input) => [sizeOf(input)],
    forward: (_tape, x) => x,
    marginals: (_tape, moments) => moments,
    joint: (_tape, carried) => carried,
    differential: (_tape, rows) => rows,
  };
}
