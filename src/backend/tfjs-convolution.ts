// Convolutions by tfjs, which wants [batch, height, width, channels] and filters [height, width, in, out].
import type { ConvolutionSettings, Wanted } from '../tensor/index.js';
import type { ExplicitPadding, TensorFlow, TfTensor } from './tfjs-api.js';
import { activationGradient, finishLayer } from './tfjs-layers.js';

function channelsLast(tf: TensorFlow, x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 2, 3, 1]);
}

function channelsFirst(tf: TensorFlow, x: TfTensor): TfTensor {
  return tf.transpose(x, [0, 3, 1, 2]);
}

function paddingOf({ padding: [vertical, horizontal] }: ConvolutionSettings): ExplicitPadding {
  return [[0, 0], [vertical, vertical], [horizontal, horizontal], [0, 0]];
}

/** Puts `distance - 1` zeros between neighbours along the middle axis: [a, n, b] -> [a, (n - 1) distance + 1, b]. */
function spread(tf: TensorFlow, x: TfTensor, [a, n, b]: readonly [number, number, number], distance: number): TfTensor {
  const padded = tf.pad(tf.reshape(x, [a, n, 1, b]), [[0, 0], [0, 0], [0, distance - 1], [0, 0]]);
  return tf.slice(tf.reshape(padded, [a, n * distance, b]), [0, 0, 0], [a, (n - 1) * distance + 1, b]);
}

/** Takes every `distance`-th along the middle axis: the transpose of {@link spread}. */
function gather(tf: TensorFlow, x: TfTensor, [a, n, b]: readonly [number, number, number], distance: number): TfTensor {
  const padded = tf.pad(tf.reshape(x, [a, (n - 1) * distance + 1, b]), [[0, 0], [0, distance - 1], [0, 0]]);
  return tf.slice(tf.reshape(padded, [a, n, distance, b]), [0, 0, 0, 0], [a, n, 1, b]);
}

/** Extent of a filter's side once spread. */
function reach(kernel: number, distance: number): number {
  return (kernel - 1) * distance + 1;
}

/**
 * A filter [out, in, kernelH, kernelW] in tfjs's order, with zeros between its taps: tfjs has neither gradients of
 * dilated convolutions nor strides together with dilations.
 */
function filterOf(tf: TensorFlow, weight: TfTensor, { dilation }: ConvolutionSettings): TfTensor {
  const [out, channels, height, width] = weight.shape as [number, number, number, number];
  const filter = tf.transpose(weight, [2, 3, 1, 0]);
  if (dilation[0] === 1 && dilation[1] === 1) return filter;
  const tall = spread(tf, filter, [1, height, width * channels * out], dilation[0]);
  const wide = spread(tf, tall, [reach(height, dilation[0]), width, channels * out], dilation[1]);
  return tf.reshape(wide, [reach(height, dilation[0]), reach(width, dilation[1]), channels, out]);
}

/** The gradient of {@link filterOf}'s result as one of the weight. */
function weightGradientOf(tf: TensorFlow, gradient: TfTensor, shape: readonly number[], { dilation }: ConvolutionSettings): TfTensor {
  const [out, channels, height, width] = shape as [number, number, number, number];
  const isSpread = dilation[0] !== 1 || dilation[1] !== 1;
  const narrow = isSpread ? gather(tf, gradient, [reach(height, dilation[0]), width, channels * out], dilation[1]) : gradient;
  const short = isSpread ? gather(tf, narrow, [1, height, width * channels * out], dilation[0]) : narrow;
  return tf.transpose(tf.reshape(short, [height, width, channels, out]), [3, 2, 0, 1]);
}

/** x [batch, channels, height, width], weight [out, channels, kernelH, kernelW], bias [out] -> [batch, out, outH, outW] */
export function conv2d(
  tf: TensorFlow, x: TfTensor, weight: TfTensor, bias: TfTensor | null, settings: ConvolutionSettings,
): { output: TfTensor; saved: TfTensor } {
  const product = tf.conv2d(channelsLast(tf, x), filterOf(tf, weight, settings), settings.stride, paddingOf(settings));
  const { output, saved } = finishLayer(tf, product, bias, settings.activation);
  const turned = channelsFirst(tf, output);
  return { output: turned, saved: saved === output ? turned : channelsFirst(tf, saved) };
}

export function conv2dGradient(
  tf: TensorFlow, gradient: TfTensor, saved: TfTensor, x: TfTensor, weight: TfTensor, settings: ConvolutionSettings, wanted: Wanted,
): Partial<Record<keyof Wanted, TfTensor>> {
  const dy = channelsLast(tf, activationGradient(tf, settings.activation, gradient, saved));
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const attributes = { strides: settings.stride, pad: paddingOf(settings), dataFormat: 'NHWC' };
  const result: Partial<Record<keyof Wanted, TfTensor>> = {};
  if (wanted.bias) result.bias = tf.sum(dy, [0, 1, 2]);
  if (!wanted.weight && !wanted.x) return result;
  const filter = filterOf(tf, weight, settings);
  if (wanted.weight) {
    const made = tf.engine().runKernel('Conv2DBackpropFilter', { x: channelsLast(tf, x), dy }, { ...attributes, filterShape: filter.shape });
    result.weight = weightGradientOf(tf, made, weight.shape, settings);
  }
  if (wanted.x) {
    const inputShape = [batch, height, width, channels];
    result.x = channelsFirst(tf, tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape }));
  }
  return result;
}
