// Losses and Adam by tfjs.
import type { AdamNumbers, AdamState } from '../tensor/index.js';
import type { TensorFlow, TfTensor } from './tfjs-api.js';

/** logits [batch, classes], labels [batch] -> loss [] and its slope [batch, classes] */
export function crossEntropy(tf: TensorFlow, logits: TfTensor, labels: Int32Array, divisor: number): { loss: TfTensor; slope: TfTensor } {
  const chosen = tf.cast(tf.oneHot(tf.tensor(labels, [labels.length], 'int32'), logits.shape[1]!), 'float32');
  const logarithms = tf.logSoftmax(logits);
  return {
    loss: tf.mul(tf.sum(tf.mul(logarithms, chosen)), -1 / divisor),
    slope: tf.mul(tf.sub(tf.exp(logarithms), chosen), 1 / divisor),
  };
}

/** Mean squared difference -> [] */
export function mse(tf: TensorFlow, a: TfTensor, b: TfTensor): TfTensor {
  return tf.mean(tf.square(tf.sub(a, b)));
}

/** upstream [] * 2 (a - b) / count */
export function mseGradient(tf: TensorFlow, upstream: TfTensor, a: TfTensor, b: TfTensor): TfTensor {
  const count = a.shape.reduce((product, extent) => product * extent, 1);
  return tf.mul(tf.sub(a, b), tf.mul(upstream, 2 / count));
}

/** PyTorch's order of operations, as `optimizer_adam` of the core. */
export function adam(
  tf: TensorFlow, parameter: TfTensor, given: TfTensor, state: AdamState<TfTensor>, numbers: AdamNumbers,
): { parameter: TfTensor } & AdamState<TfTensor> {
  const { decay, maximize, beta1, beta2, rootCorrection, epsilon, stepSize } = numbers;
  const ascent = maximize ? tf.mul(given, -1) : given;
  const gradient = decay === 0 ? ascent : tf.add(ascent, tf.mul(parameter, decay));
  const mean = tf.add(tf.mul(state.mean, beta1), tf.mul(gradient, 1 - beta1));
  const square = tf.add(tf.mul(state.square, beta2), tf.mul(tf.mul(gradient, 1 - beta2), gradient));
  const largest = state.largest === undefined ? undefined : tf.maximum(state.largest, square);
  const spread = tf.add(tf.div(tf.sqrt(largest ?? square), rootCorrection), epsilon);
  return { parameter: tf.sub(parameter, tf.div(tf.mul(mean, stepSize), spread)), mean, square, largest };
}
