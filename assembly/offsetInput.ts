// A fully connected layer whose input is stored less a constant: x = stored + offset. Images stored less
// their background are mostly zero, and the matrix products skip zeros.
//   x W^T = stored W^T + offset * (row sums of W), so the constant moves into the bias;
//   dL/dW = delta^T stored + offset * (column sums of delta), which are the bias gradient.
import { accumulateRun, VALUES } from './vector';

function offsetBias<T>(weight: usize, bias: usize, outputs: i32, inputs: i32, offset: f64, result: usize): void {
  const size = sizeof<T>();
  for (let o = 0; o < outputs; o++) {
    const row = weight + <usize>o * <usize>inputs * size;
    const initial = bias == 0 ? <f64>0 : <f64>load<T>(bias + <usize>o * size);
    store<T>(result + <usize>o * size, <T>(initial + offset * accumulateRun<T>(VALUES, row, row, inputs)));
  }
}

function offsetWeightGradient<T>(biasGradient: usize, outputs: i32, inputs: i32, offset: f64, weightGradient: usize): void {
  for (let o = 0; o < outputs; o++) {
    const addend = <T>(offset * <f64>load<T>(biasGradient + <usize>o * sizeof<T>()));
    for (let i = 0; i < inputs; i++) {
      store<T>(weightGradient, load<T>(weightGradient) + addend);
      weightGradient += sizeof<T>();
    }
  }
}

/** result[o] = (bias ? bias[o] : 0) + offset * sum of weight[o], weight [outputs, inputs]; the sum in float64. */
export function offset_bias_f32(weight: usize, bias: usize, outputs: i32, inputs: i32, offset: f64, result: usize): void {
  offsetBias<f32>(weight, bias, outputs, inputs, offset, result);
}
export function offset_bias_f64(weight: usize, bias: usize, outputs: i32, inputs: i32, offset: f64, result: usize): void {
  offsetBias<f64>(weight, bias, outputs, inputs, offset, result);
}

/** weightGradient[o][i] += offset * biasGradient[o]. */
export function offset_weight_gradient_f32(biasGradient: usize, outputs: i32, inputs: i32, offset: f64, weightGradient: usize): void {
  offsetWeightGradient<f32>(biasGradient, outputs, inputs, offset, weightGradient);
}
export function offset_weight_gradient_f64(biasGradient: usize, outputs: i32, inputs: i32, offset: f64, weightGradient: usize): void {
  offsetWeightGradient<f64>(biasGradient, outputs, inputs, offset, weightGradient);
}
