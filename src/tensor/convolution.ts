import type { Pointer } from '../core/index.js';
import { activate, activationGradient, type Activation } from './activation.js';
import { giveLayerGradients, layerMade, wantedOf, type LayerTensors } from './device-layer.js';
import type { ConvolutionSettings } from './device.js';
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
  const outChannels = weight.shape[0]!;
  if (bias !== null && bias.size !== outChannels) {
    throw new RangeError(`conv2d: expected a bias of ${outChannels} values, got ${formatShape(bias.shape)}`);
  }
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = options;
  const settings = { activation, stride, padding, dilation, output: [outH, outW] as const };
  const layer = { x, weight, bias };
  const { output, saved } = convolutionForward(tape, layer, geometry, settings);
  return tape.record([x, weight, bias], output, (gradient) => convolutionGradient(tape, gradient, saved, layer, geometry, settings));
}

/**
 * What a convolution's weight and bias get from delta [batch, out, outH, outW], the gradient of its preactivations, without a recorded
 * pass: x is [batch, channels, height, width].
 * @throws RangeError for shapes that do not fit
 */
export function convolutionParameterGradients(delta: Tensor, x: Tensor, options: ConvolutionOptions, into: { weight: Tensor; bias: Tensor }): void {
  const { geometry, outH, outW } = geometryOf(x, into.weight, options);
  const [batch, , , , outChannels] = geometry;
  if (delta.size !== batch * outChannels * outH * outW) {
    throw new RangeError(`convolutionParameterGradients: expected delta ${formatShape([batch, outChannels, outH, outW])}, got ${formatShape(delta.shape)}`);
  }
  kernelOf(x, 'bias_gradient')(delta.source, batch, outChannels, outH * outW, into.bias.pointer);
  kernelOf(x, 'convolution_weight_gradient')(x.source, delta.source, into.weight.pointer, ...geometry, scratchOf(x, geometry));
}

function scratchOf(x: Tensor, [, ...perSample]: Geometry): Pointer {
  return x.core.scratch(kernelOf(x, 'convolution_scratch')(...perSample), 'conv2d');
}

/** Multiplications of one pass. */
function workOf([batch, channels, , , outChannels, kernelH, kernelW]: Geometry, [outH, outW]: Pair): number {
  return batch * channels * outChannels * kernelH * kernelW * outH * outW;
}

function convolutionForward(tape: Tape, { x, weight, bias }: LayerTensors, geometry: Geometry, settings: ConvolutionSettings) {
  const [batch, , , , outChannels] = geometry;
  const [outH, outW] = settings.output;
  const shape = [batch, outChannels, outH, outW];
  const device = tape.place('conv2d', workOf(geometry, settings.output), [x, weight, bias], batch * outChannels * outH * outW);
  if (device !== undefined) {
    return layerMade(tape, device, device.conv2d(x.on(device), weight.on(device), bias?.on(device) ?? null, settings), shape);
  }
  const product = tape.empty(shape, x.dtype, 'conv2d');
  kernelOf(x, 'convolution_forward')(x.source, weight.source, product.pointer, ...geometry, scratchOf(x, geometry));
  return activate(tape, product, bias, settings.activation, { rows: batch, channels: outChannels, inner: outH * outW }, [x, weight, bias]);
}

function convolutionGradient(
  tape: Tape, gradient: Tensor, saved: Tensor, layer: LayerTensors, geometry: Geometry, settings: ConvolutionSettings,
): void {
  const { x, weight, bias } = layer;
  const { wanted, results } = wantedOf(layer);
  const passes = Number(wanted.x) + Number(wanted.weight);
  const device = tape.place('conv2d gradient', passes * workOf(geometry, settings.output), [gradient, saved, x, weight], results);
  if (device !== undefined) {
    const operands = [gradient.on(device), saved.on(device), x.on(device), weight.on(device)] as const;
    giveLayerGradients(tape, device, device.conv2dGradient(...operands, settings, wanted), layer);
    return;
  }
  const [batch, , , , outChannels] = geometry;
  const inner = settings.output[0] * settings.output[1];
  const delta = activationGradient(tape, settings.activation, gradient, saved);
  if (bias !== null) tape.accumulate(bias, (pointer) => kernelOf(x, 'bias_gradient')(delta.source, batch, outChannels, inner, pointer));
  tape.accumulate(weight, (pointer) =>
    kernelOf(x, 'convolution_weight_gradient')(x.source, delta.source, pointer, ...geometry, scratchOf(x, geometry)),
  );
  tape.accumulate(x, (pointer) =>
    kernelOf(x, 'convolution_input_gradient')(delta.source, weight.source, pointer, ...geometry, scratchOf(x, geometry)),
  );
}
