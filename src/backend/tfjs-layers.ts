// Fully connected layers and activations by tfjs. Every function runs inside a tidy and returns tensors that it keeps.
import type { Activation, LinearSettings, Wanted } from '../tensor/index.js';
import type { TensorFlow, TfTensor } from './tfjs-api.js';

const ROOT_HALF = 0.7071067811865476;
const DENSITY_AT_ZERO = 0.3989422804014327;

/** How a backend multiplies matrices: `tfjs-wasm` reaches its fast product only with operands that are not transposed. */
export type Multiply = (a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean) => TfTensor;

export function plainMultiply(tf: TensorFlow): Multiply {
  return (a, b, transposeA, transposeB) => tf.matMul(a, b, transposeA, transposeB);
}

/** Turns operands first. Its own transposed products run on a scalar loop, and its fused ones add a bias several times. */
export function turningMultiply(tf: TensorFlow): Multiply {
  return (a, b, transposeA, transposeB) => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b);
}

/** Standard normal distribution function. */
function cumulative(tf: TensorFlow, x: TfTensor): TfTensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, ROOT_HALF)), 1), 0.5);
}

/** x itself for 'none'. @throws RangeError for an unknown activation */
export function activate(tf: TensorFlow, activation: Activation, x: TfTensor): TfTensor {
  switch (activation) {
    case 'none': return x;
    case 'relu': return tf.relu(x);
    case 'tanh': return tf.tanh(x);
    case 'sigmoid': return tf.sigmoid(x);
    case 'gelu': return tf.mul(x, cumulative(tf, x));
    default: throw new RangeError(`activation: expected one of none, relu, gelu, tanh, sigmoid, got ${JSON.stringify(activation)}`);
  }
}

/** gradient * activation', from the output or for gelu from its argument; `gradient` itself for 'none'. */
export function activationGradient(tf: TensorFlow, activation: Activation, gradient: TfTensor, saved: TfTensor): TfTensor {
  switch (activation) {
    case 'none': return gradient;
    case 'relu': return tf.mul(gradient, tf.step(saved));
    case 'tanh': return tf.mul(gradient, tf.sub(1, tf.square(saved)));
    case 'sigmoid': return tf.mul(gradient, tf.mul(saved, tf.sub(1, saved)));
    case 'gelu': {
      const density = tf.mul(tf.exp(tf.mul(tf.square(saved), -0.5)), DENSITY_AT_ZERO);
      return tf.mul(gradient, tf.add(cumulative(tf, saved), tf.mul(saved, density)));
    }
  }
}

/** Bias and activation on a product whose last axis is the bias's; gelu's gradient needs its argument. */
export function finishLayer(tf: TensorFlow, product: TfTensor, bias: TfTensor | null, activation: Activation): { output: TfTensor; saved: TfTensor } {
  const biased = bias === null ? product : tf.add(product, bias);
  const output = activate(tf, activation, biased);
  return { output, saved: activation === 'gelu' ? biased : output };
}

/** x [batch, in], weight [out, in], bias [out] -> [batch, out] */
export function linear(
  tf: TensorFlow, multiply: Multiply, x: TfTensor, weight: TfTensor, bias: TfTensor | null, { activation, inputOffset }: LinearSettings,
): { output: TfTensor; saved: TfTensor } {
  const shift = inputOffset === 0 ? null : tf.mul(tf.sum(weight, 1), inputOffset);
  const effective = shift === null ? bias : bias === null ? shift : tf.add(bias, shift);
  return finishLayer(tf, multiply(x, weight, false, true), effective, activation);
}

export function linearGradient(
  tf: TensorFlow, multiply: Multiply, gradient: TfTensor, saved: TfTensor, x: TfTensor, weight: TfTensor, { activation, inputOffset }: LinearSettings, wanted: Wanted,
): Partial<Record<keyof Wanted, TfTensor>> {
  const delta = activationGradient(tf, activation, gradient, saved);
  const result: Partial<Record<keyof Wanted, TfTensor>> = {};
  const needsSums = wanted.bias || (wanted.weight && inputOffset !== 0);
  const sums = needsSums ? tf.sum(delta, 0) : undefined;
  if (wanted.bias) result.bias = sums!;
  if (wanted.weight) {
    const product = multiply(delta, x, true, false);
    result.weight = inputOffset === 0 ? product : tf.add(product, tf.reshape(tf.mul(sums!, inputOffset), [-1, 1]));
  }
  if (wanted.x) result.x = multiply(delta, weight, false, false);
  return result;
}
