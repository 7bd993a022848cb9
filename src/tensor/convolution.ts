import { activate, activationGradient, type Activation } from './activation.js';
import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireOptions, requireSameDType, type Tensor } from './tensor.js';

/** [vertical, horizontal]. */
export type Pair = readonly [number, number];

export interface ConvolutionOptions {
  /** Default [1, 1]. */
  stride?: Pair;
  /** Zeros added on each side; default [0, 0]. */
  padding?: Pair;
  /** Distance between kernel taps; default [1, 1]. */
  dilation?: Pair;
  /** Default `none`. */
  activation?: Activation;
}

/** Output extent along one axis: floor((input + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
export function convolvedExtent(input: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((input + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

type Geometry = [
  batch: number, channels: number, height: number, width: number, outChannels: number, kernelH: number, kernelW: number,
  strideH: number, strideW: number, padH: number, padW: number, dilationH: number, dilationW: number,
];

function geometryOf(x: Tensor, weight: Tensor, options: ConvolutionOptions): { geometry: Geometry; outH: number; outW: number } {
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = options;
  if (x.shape.length !== 4 || weight.shape.length !== 4 || x.shape[1] !== weight.shape[1]) {
    throw new RangeError(
      'conv2d: expected input [batch, channels, height, width] and weight [out, channels, kernel height, kernel width], ' +
        `got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  const positive = [...stride, ...dilation].every((value) => Number.isInteger(value) && value >= 1);
  if (!positive || !padding.every((value) => Number.isInteger(value) && value >= 0)) {
    throw new RangeError(
      `conv2d: expected stride and dilation of at least 1 and padding of at least 0, got ${formatShape(stride)}, ${formatShape(dilation)}, ${formatShape(padding)}`,
    );
  }
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [outChannels, , kernelH, kernelW] = weight.shape as [number, number, number, number];
  const outH = convolvedExtent(height, kernelH, stride[0], padding[0], dilation[0]);
  const outW = convolvedExtent(width, kernelW, stride[1], padding[1], dilation[1]);
  if (outH < 1 || outW < 1) {
    throw new RangeError(`conv2d: expected an output of at least 1 x 1 pixel, got ${outH} x ${outW} from an input of ${height} x ${width}`);
  }
  return {
    geometry: [batch, channels, height, width, outChannels, kernelH, kernelW, ...stride, ...padding, ...dilation],
    outH,
    outW,
  };
}

/**
 * Convolution layer with its activation:
 * `x [batch, channels, height, width], weight [out, channels, kernelH, kernelW], bias [out] -> [batch, out, outH, outW]`
 * (cross-correlation, as PyTorch's conv2d; groups = 1).
 * @throws RangeError for shapes that do not fit; TypeError for mixed dtypes
 */
export function conv2d(
  tape: Tape, x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvolutionOptions = {},
): Tensor {
  requireOptions('conv2d', options);
  const { activation = 'none' } = options;
  requireSameDType('conv2d', x, weight, bias);
  const { geometry, outH, outW } = geometryOf(x, weight, options);
  const [batch, , , , outChannels] = geometry;
  if (bias !== null && bias.size !== outChannels) {
    throw new RangeError(`conv2d: expected a bias of ${outChannels} values, got ${formatShape(bias.shape)}`);
  }
  const scratch = () => {
    const [, ...perSample] = geometry;
    return x.core.scratch(kernelOf(x, 'convolution_scratch')(...perSample), 'conv2d');
  };
  const layout = { rows: batch, channels: outChannels, inner: outH * outW };
  const product = tape.empty([batch, outChannels, outH, outW], x.dtype, 'conv2d');
  kernelOf(x, 'convolution_forward')(x.pointer, weight.pointer, product.pointer, ...geometry, scratch());
  const { output, saved } = activate(tape, product, bias, activation, layout, [x, weight, bias]);
  return tape.record([x, weight, bias], output, (gradient) => {
    const delta = activationGradient(tape, activation, gradient, saved);
    if (bias !== null) {
      tape.accumulate(bias, (pointer) => kernelOf(x, 'bias_gradient')(delta.pointer, batch, outChannels, layout.inner, pointer));
    }
    tape.accumulate(weight, (pointer) =>
      kernelOf(x, 'convolution_weight_gradient')(x.pointer, delta.pointer, pointer, ...geometry, scratch()),
    );
    tape.accumulate(x, (pointer) =>
      kernelOf(x, 'convolution_input_gradient')(delta.pointer, weight.pointer, pointer, ...geometry, scratch()),
    );
  });
}
