// Poolings by tfjs. Every plane is a one-channel image of its own, which needs no transposition.
import type { Pair, PoolSettings } from '../tensor/index.js';
import type { TensorFlow, TfTensor } from './tfjs-api.js';

/** Below every value that a network has; infinities are no constants in shaders. */
const LOWEST = -3e38;

type Images = readonly [planes: number, height: number, width: number];

function imagesOf(x: TfTensor): Images {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return [batch * channels, height, width];
}

function padded(tf: TensorFlow, x: TfTensor, { kind, padding: [vertical, horizontal] }: PoolSettings): TfTensor {
  const [planes, height, width] = imagesOf(x);
  const images = tf.reshape(x, [planes, height, width, 1]);
  if (vertical === 0 && horizontal === 0) return images;
  return tf.pad(images, [[0, 0], [vertical, vertical], [horizontal, horizontal], [0, 0]], kind === 'max' ? LOWEST : 0);
}

/** The inverse of {@link padded}, to the shape of `x`. */
function withoutPadding(tf: TensorFlow, images: TfTensor, x: TfTensor, { padding: [vertical, horizontal] }: PoolSettings): TfTensor {
  const [planes, height, width] = imagesOf(x);
  return tf.reshape(tf.slice(images, [0, vertical, horizontal, 0], [planes, height, width, 1]), x.shape);
}

/** [to, from]: row i averages [floor(i from / to), ceil((i + 1) from / to)), PyTorch's adaptive windows. */
function averagingMatrix(tf: TensorFlow, from: number, to: number): TfTensor {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    weights.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return tf.tensor(weights, [to, from]);
}

/** images [planes, a, b] -> [planes, rows of `left`, columns of `right`] */
function onBothSides(tf: TensorFlow, left: TfTensor, images: TfTensor, right: TfTensor): TfTensor {
  const [planes, a, b] = images.shape as [number, number, number];
  const [rows, columns] = [left.shape[0]!, right.shape[1]!];
  const wide = tf.reshape(tf.matMul(tf.reshape(images, [planes * a, b]), right), [planes, a, columns]);
  const turned = tf.reshape(tf.transpose(wide, [0, 2, 1]), [planes * columns, a]);
  return tf.transpose(tf.reshape(tf.matMul(turned, tf.transpose(left)), [planes, columns, rows]), [0, 2, 1]);
}

function adaptive(tf: TensorFlow, x: TfTensor, [outH, outW]: Pair): TfTensor {
  const [planes, height, width] = imagesOf(x);
  const right = tf.transpose(averagingMatrix(tf, width, outW));
  return onBothSides(tf, averagingMatrix(tf, height, outH), tf.reshape(x, [planes, height, width]), right);
}

function adaptiveGradient(tf: TensorFlow, gradient: TfTensor, x: TfTensor, [outH, outW]: Pair): TfTensor {
  const [planes, height, width] = imagesOf(x);
  const left = tf.transpose(averagingMatrix(tf, height, outH));
  return tf.reshape(onBothSides(tf, left, tf.reshape(gradient, [planes, outH, outW]), averagingMatrix(tf, width, outW)), x.shape);
}

/** x [batch, channels, height, width] -> [batch, channels, outH, outW] */
export function pool(tf: TensorFlow, x: TfTensor, settings: PoolSettings): TfTensor {
  const { kind, kernel, stride, output } = settings;
  const shape = [x.shape[0]!, x.shape[1]!, ...output];
  if (kind === 'adaptive average') return tf.reshape(adaptive(tf, x, output), shape);
  const images = padded(tf, x, settings);
  return tf.reshape(kind === 'max' ? tf.maxPool(images, kernel, stride, 'valid') : tf.avgPool(images, kernel, stride, 'valid'), shape);
}

/** The gradient by `x` of {@link pool}, which gave `output`. */
export function poolGradient(tf: TensorFlow, gradient: TfTensor, x: TfTensor, output: TfTensor, settings: PoolSettings): TfTensor {
  const { kind, kernel, stride, output: extents } = settings;
  if (kind === 'adaptive average') return adaptiveGradient(tf, gradient, x, extents);
  const input = padded(tf, x, settings);
  const shape = [imagesOf(x)[0], ...extents, 1];
  const dy = tf.reshape(gradient, shape);
  const attributes = { filterSize: kernel, strides: stride, pad: 'valid' };
  const made = kind === 'max'
    ? tf.engine().runKernel('MaxPoolGrad', { dy, input, output: tf.reshape(output, shape) }, attributes)
    : tf.engine().runKernel('AvgPoolGrad', { dy, input }, attributes);
  return withoutPadding(tf, made, x, settings);
}
