import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireSameDType, type Tensor } from './tensor.js';

/** `gelu` is the exact form, x Phi(x). */
export type Activation = 'none' | 'relu' | 'gelu' | 'tanh' | 'sigmoid';

/** The kernels' codes (assembly/activation.ts). */
const CODES: Readonly<Record<Activation, number>> = { none: 0, relu: 1, gelu: 2, tanh: 3, sigmoid: 4 };

/** How a layer's product lies in memory: value index [row][channel][inner], one bias per channel. */
export interface ChannelLayout {
  rows: number;
  channels: number;
  /** 1 after a linear layer, height * width after a convolution. */
  inner: number;
}

function codeOf(activation: Activation): number {
  if (!Object.hasOwn(CODES, activation)) {
    throw new RangeError(`activation: expected one of ${Object.keys(CODES).join(', ')}, got ${JSON.stringify(activation)}`);
  }
  return CODES[activation];
}

/**
 * Adds a bias and applies an activation as the last part of a layer. Records nothing: the layer does,
 * and hands `saved` to {@link activationGradient}. `preactivation` [rows, channels, inner] is
 * overwritten: it becomes the output, or for gelu in a recorded step the biased pre-activation.
 *
 * @param bias [channels], or null
 * @param inputs the layer's inputs, which tell whether a backward pass will come
 * @returns output, and what the gradient needs of it
 * @throws RangeError for an unknown activation or sizes that differ from the layout; TypeError for mixed dtypes
 */
export function activate(
  tape: Tape, preactivation: Tensor, bias: Tensor | null, activation: Activation, layout: ChannelLayout,
  inputs: readonly (Tensor | null | undefined)[],
): { output: Tensor; saved: Tensor } {
  const { rows, channels, inner } = layout;
  const code = codeOf(activation);
  requireSameDType('activate', preactivation, bias);
  if (preactivation.size !== rows * channels * inner) {
    throw new RangeError(`activate: expected ${formatShape([rows, channels, inner])} values, got shape ${formatShape(preactivation.shape)}`);
  }
  if (bias !== null && bias.size !== channels) {
    throw new RangeError(`activate: expected a bias of ${channels} values, got shape ${formatShape(bias.shape)}`);
  }
  const kernel = kernelOf(preactivation, 'bias_activation');
  const run = (from: Tensor, addend: Tensor | null, step: number, to: Tensor) =>
    kernel(from.source, addend?.source ?? 0, rows, channels, inner, step, to.pointer);
  if (activation === 'gelu' && tape.records(inputs)) {
    // gelu is not monotonic: its slope cannot be told from its output.
    if (bias !== null) run(preactivation, bias, CODES.none, preactivation);
    const output = tape.empty(preactivation.shape, preactivation.dtype, 'gelu');
    run(preactivation, null, code, output);
    return { output, saved: preactivation };
  }
  if (bias !== null || code !== CODES.none) run(preactivation, bias, code, preactivation);
  return { output: preactivation, saved: preactivation };
}

/**
 * gradient * activation', a tensor of this step (`gradient` itself for 'none').
 * @param saved what {@link activate} returned: the output, or for gelu its argument
 */
export function activationGradient(tape: Tape, activation: Activation, gradient: Tensor, saved: Tensor): Tensor {
  const code = codeOf(activation);
  if (code === CODES.none) return gradient;
  const delta = tape.empty(gradient.shape, gradient.dtype, `${activation} gradient`);
  kernelOf(gradient, 'activation_gradient')(gradient.source, saved.source, gradient.size, code, delta.source);
  return delta;
}

function activationOp(activation: Exclude<Activation, 'none'>) {
  const code = CODES[activation];
  const forward = (tape: Tape, x: Tensor): Tensor => {
    const device = tape.place('activation', x.size, [x], x.size);
    if (device !== undefined) return tape.made(device, device.activation(x.on(device), activation), x.shape);
    const output = tape.empty(x.shape, x.dtype, activation);
    kernelOf(x, 'bias_activation')(x.source, 0, 1, 1, x.size, code, output.pointer);
    return output;
  };
  return (tape: Tape, x: Tensor): Tensor => {
    const output = forward(tape, x);
    const saved = activation === 'gelu' ? x : output;
    return tape.record([x], output, (gradient) => {
      if (!x.requiresGrad) return;
      const device = tape.place('activation gradient', x.size, [gradient, saved], x.size);
      if (device === undefined) tape.give(x, activationGradient(tape, activation, gradient, saved));
      else tape.give(x, tape.made(device, device.activationGradient(gradient.on(device), saved.on(device), activation), x.shape));
    });
  };
}

/** max(x, 0), any shape; the slope at 0 is 0 and NaN passes, as in PyTorch. */
export const relu = activationOp('relu');
/** x Phi(x) with Phi the standard normal distribution function (Hendrycks and Gimpel 2016), any shape. */
export const gelu = activationOp('gelu');
/** Hyperbolic tangent, any shape. */
export const tanh = activationOp('tanh');
/** 1 / (1 + exp(-x)), any shape. */
export const sigmoid = activationOp('sigmoid');
