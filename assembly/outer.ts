// Sums of a few outer products for each of many workers: a batch's gradients of a linear layer, a row a worker.
//
// Measured (Ice Lake 2.8 GHz, Node 20): 50 workers of 5 samples, 784 x 50 in a third of the time of 50 matrix products, which
// pack more than they multiply here. Zeros cost as much as other inputs; what need not be written out leaves them out (factors.ts).
import { lanes, multiplyAdd } from './profile';

/** output[inputs] = base + sum over the batch of delta[i] input[i], samples ascending; deltas lie `outputs` values apart. */
// @ts-ignore: decorator
@inline
function outerRow<T>(delta: usize, input: usize, batch: i32, outputs: i32, inputs: i32, base: T, output: usize): void {
  const size = sizeof<T>();
  const deltaStep = <usize>outputs * size, inputStep = <usize>inputs * size;
  const start = v128.splat<T>(base);
  const wide = <i32>(4 * lanes<T>());
  let column = 0;
  for (; column <= inputs - wide; column += wide) {
    let s0 = start, s1 = start, s2 = start, s3 = start;
    let d = delta, x = input + <usize>column * size;
    for (let i = 0; i < batch; i++) {
      const factor = v128.load_splat<T>(d);
      s0 = multiplyAdd<T>(factor, v128.load(x), s0);
      s1 = multiplyAdd<T>(factor, v128.load(x, 16), s1);
      s2 = multiplyAdd<T>(factor, v128.load(x, 32), s2);
      s3 = multiplyAdd<T>(factor, v128.load(x, 48), s3);
      d += deltaStep;
      x += inputStep;
    }
    const to = output + <usize>column * size;
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; column < inputs; column++) {
    let sum = start;
    for (let i = 0; i < batch; i++) {
      const x = v128.splat<T>(load<T>(input + <usize>i * inputStep + <usize>column * size));
      sum = multiplyAdd<T>(v128.load_splat<T>(delta + <usize>i * deltaStep), x, sum);
    }
    store<T>(output + <usize>column * size, v128.extract_lane<T>(sum, 0));
  }
}

// @ts-ignore: decorator
@inline
function outerRows<T>(delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: T, output: usize, stride: i32): void {
  const size = sizeof<T>();
  for (let worker = 0; worker < workers; worker++) {
    let bias = output + <usize>outputs * <usize>inputs * size;
    for (let j = 0; j < outputs; j++) {
      const own = delta + <usize>j * size;
      let sum: T = 0;
      for (let i = 0; i < batch; i++) sum += load<T>(own + <usize>i * <usize>outputs * size);
      outerRow<T>(own, input, batch, outputs, inputs, offset * sum, output + <usize>j * <usize>inputs * size);
      store<T>(bias, sum);
      bias += size;
    }
    delta += <usize>batch * <usize>outputs * size;
    input += <usize>batch * <usize>inputs * size;
    output += <usize>stride * size;
  }
}

/**
 * For each worker a layer's gradient over its batch: weight [outputs, inputs] = the sum of delta (input + offset)^T, then bias
 * [outputs] = the sum of delta, at output + worker * stride values. delta [workers * batch, outputs], input [workers * batch, inputs].
 */
export function outer_rows_f32(delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: f64, output: usize, stride: i32): void {
  outerRows<f32>(delta, input, workers, batch, outputs, inputs, <f32>offset, output, stride);
}
export function outer_rows_f64(delta: usize, input: usize, workers: i32, batch: i32, outputs: i32, inputs: i32, offset: f64, output: usize, stride: i32): void {
  outerRows<f64>(delta, input, workers, batch, outputs, inputs, offset, output, stride);
}
