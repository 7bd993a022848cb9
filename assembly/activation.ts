// Bias and activation of a layer's product, and their gradients.
// A value's index is [row][channel][inner]: inner = 1 after a linear layer, height * width after a convolution.
import { erf } from './math/erf';
import { exp } from './math/exp';
import { tanh } from './math/tanh';
import { lanes } from './profile';
import { accumulateRun, loadPair, loadPairOr, loadPart, storePair, storePart, VALUES } from './vector';

// Codes that the host passes.
const NONE: i32 = 0;
const RELU: i32 = 1;
const GELU: i32 = 2;
const TANH: i32 = 3;
const SIGMOID: i32 = 4;

const SQRT_HALF: f64 = 0.7071067811865476;
const INVERSE_SQRT_TWO_PI: f64 = 0.3989422804014327;

// @ts-ignore: decorator
@inline
function apply<T>(activation: i32, x: v128): v128 {
  // pmax(x, 0) is `x < 0 ? 0 : x`, so NaN passes.
  if (activation == RELU) return v128.pmax<T>(x, v128.splat<T>(<T>0));
  if (activation == TANH) return tanh<T>(x);
  const one = v128.splat<T>(<T>1);
  if (activation == SIGMOID) return v128.div<T>(one, v128.add<T>(one, exp<T>(v128.neg<T>(x))));
  if (activation == GELU) {
    // x * Phi(x)
    const spread = erf<T>(v128.mul<T>(x, v128.splat<T>(<T>SQRT_HALF)));
    return v128.mul<T>(v128.mul<T>(v128.splat<T>(<T>0.5), x), v128.add<T>(one, spread));
  }
  return x;
}

/** gradient * f', from the output (relu, tanh, sigmoid) or the pre-activation (gelu). */
// @ts-ignore: decorator
@inline
function applyGradient<T>(activation: i32, gradient: v128, saved: v128): v128 {
  const one = v128.splat<T>(<T>1);
  if (activation == RELU) return v128.andnot(gradient, v128.le<T>(saved, v128.splat<T>(<T>0)));
  if (activation == TANH) return v128.mul<T>(gradient, v128.sub<T>(one, v128.mul<T>(saved, saved)));
  if (activation == SIGMOID) return v128.mul<T>(v128.mul<T>(gradient, v128.sub<T>(one, saved)), saved);
  if (activation == GELU) {
    // Phi(x) + x * phi(x), Phi and phi of the standard normal distribution.
    const half = v128.splat<T>(<T>0.5);
    const spread = erf<T>(v128.mul<T>(saved, v128.splat<T>(<T>SQRT_HALF)));
    const phi = exp<T>(v128.neg<T>(v128.mul<T>(half, v128.mul<T>(saved, saved))));
    const slope = v128.mul<T>(v128.mul<T>(saved, phi), v128.splat<T>(<T>INVERSE_SQRT_TWO_PI));
    return v128.mul<T>(gradient, v128.add<T>(v128.mul<T>(half, v128.add<T>(one, spread)), slope));
  }
  return gradient;
}

/** output[count] = f(input[count] + bias), one bias for the run or (`biases` != 0) one per value. */
// @ts-ignore: decorator
@inline
function applyRun<T>(activation: i32, input: usize, biases: usize, bias: v128, count: i32, output: usize): void {
  let left = count;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    const addend = biases ? v128.load(biases) : bias;
    v128.store(output, apply<T>(activation, v128.add<T>(v128.load(input), addend)));
    input += 16;
    output += 16;
    if (biases) biases += 16;
  }
  if (left > 0) {
    const addend = biases ? loadPart<T>(biases, left, <T>0) : bias;
    storePart<T>(output, apply<T>(activation, v128.add<T>(loadPart<T>(input, left, <T>0), addend)), left);
  }
}

// @ts-ignore: decorator
@inline
function biasActivation<T>(activation: i32, input: usize, bias: usize, rows: i32, channels: i32, inner: i32, output: usize): void {
  // x + -0 is x for every x, which x + 0 is not.
  const nothing = v128.splat<T>(<T>-0.0);
  if (bias == 0) {
    applyRun<T>(activation, input, 0, nothing, rows * channels * inner, output);
    return;
  }
  const run = <usize>(inner == 1 ? channels : inner) * sizeof<T>();
  for (let row = 0; row < rows; row++) {
    if (inner == 1) {
      applyRun<T>(activation, input, bias, nothing, channels, output);
      input += run;
      output += run;
      continue;
    }
    for (let channel = 0; channel < channels; channel++) {
      applyRun<T>(activation, input, 0, v128.splat<T>(load<T>(bias + <usize>channel * sizeof<T>())), inner, output);
      input += run;
      output += run;
    }
  }
}

// @ts-ignore: decorator
@inline
function chooseActivation<T>(input: usize, bias: usize, rows: i32, channels: i32, inner: i32, activation: i32, output: usize): void {
  if (activation == RELU) biasActivation<T>(RELU, input, bias, rows, channels, inner, output);
  else if (activation == GELU) biasActivation<T>(GELU, input, bias, rows, channels, inner, output);
  else if (activation == TANH) biasActivation<T>(TANH, input, bias, rows, channels, inner, output);
  else if (activation == SIGMOID) biasActivation<T>(SIGMOID, input, bias, rows, channels, inner, output);
  else biasActivation<T>(NONE, input, bias, rows, channels, inner, output);
}

// @ts-ignore: decorator
@inline
function gradientRun<T>(activation: i32, gradient: usize, saved: usize, count: i32, output: usize): void {
  let left = count;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    v128.store(output, applyGradient<T>(activation, v128.load(gradient), v128.load(saved)));
    gradient += 16;
    saved += 16;
    output += 16;
  }
  if (left > 0) {
    storePart<T>(output, applyGradient<T>(activation, loadPart<T>(gradient, left, <T>0), loadPart<T>(saved, left, <T>0)), left);
  }
}

// @ts-ignore: decorator
@inline
function chooseGradient<T>(gradient: usize, saved: usize, count: i32, activation: i32, output: usize): void {
  if (activation == RELU) gradientRun<T>(RELU, gradient, saved, count, output);
  else if (activation == GELU) gradientRun<T>(GELU, gradient, saved, count, output);
  else if (activation == TANH) gradientRun<T>(TANH, gradient, saved, count, output);
  else if (activation == SIGMOID) gradientRun<T>(SIGMOID, gradient, saved, count, output);
  else memory.copy(output, gradient, <usize>count * sizeof<T>());
}

/** Sums of eight (or fewer) neighbouring columns, rows ascending, in float64. */
// @ts-ignore: decorator
@inline
function columnSums<T>(gradient: usize, rows: i32, rowChannels: i32, columns: i32, output: usize): void {
  const stride = <usize>rowChannels * sizeof<T>(), pair = 2 * sizeof<T>();
  let sum0 = f64x2.splat(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  if (columns >= 8) {
    for (let row = 0; row < rows; row++) {
      sum0 = f64x2.add(sum0, loadPair<T>(gradient));
      sum1 = f64x2.add(sum1, loadPair<T>(gradient + pair));
      sum2 = f64x2.add(sum2, loadPair<T>(gradient + 2 * pair));
      sum3 = f64x2.add(sum3, loadPair<T>(gradient + 3 * pair));
      gradient += stride;
    }
    storePair<T>(output, sum0, 2);
    storePair<T>(output + pair, sum1, 2);
    storePair<T>(output + 2 * pair, sum2, 2);
    storePair<T>(output + 3 * pair, sum3, 2);
    return;
  }
  for (let column = 0; column < columns; column += 2) {
    sum0 = f64x2.splat(0);
    let from = gradient + <usize>column * sizeof<T>();
    for (let row = 0; row < rows; row++) {
      sum0 = f64x2.add(sum0, loadPairOr<T>(from, columns - column, 0));
      from += stride;
    }
    storePair<T>(output + <usize>column * sizeof<T>(), sum0, columns - column);
  }
}

// @ts-ignore: decorator
@inline
function biasGradient<T>(gradient: usize, rows: i32, rowChannels: i32, channels: i32, inner: i32, output: usize): void {
  const size = sizeof<T>();
  if (inner == 1) {
    for (let channel = 0; channel < channels; channel += 8) {
      columnSums<T>(gradient + <usize>channel * size, rows, rowChannels, channels - channel, output + <usize>channel * size);
    }
    return;
  }
  for (let channel = 0; channel < channels; channel++) {
    let sum: f64 = 0;
    let run = gradient + <usize>channel * <usize>inner * size;
    for (let row = 0; row < rows; row++) {
      sum += accumulateRun<T>(VALUES, run, run, inner);
      run += <usize>rowChannels * <usize>inner * size;
    }
    store<T>(output + <usize>channel * size, <T>sum);
  }
}

/**
 * output = f(input + bias[channel]), all [rows, channels, inner]; bias = 0 for none; in place allowed.
 * activation: 0 none, 1 relu, 2 gelu (erf form), 3 tanh, 4 sigmoid.
 */
export function bias_activation_f32(input: usize, bias: usize, rows: i32, channels: i32, inner: i32, activation: i32, output: usize): void {
  chooseActivation<f32>(input, bias, rows, channels, inner, activation, output);
}
export function bias_activation_f64(input: usize, bias: usize, rows: i32, channels: i32, inner: i32, activation: i32, output: usize): void {
  chooseActivation<f64>(input, bias, rows, channels, inner, activation, output);
}

/** output = gradient * f'; saved [count] is f's output for relu, tanh and sigmoid, its argument for gelu; in place allowed. */
export function activation_gradient_f32(gradient: usize, saved: usize, count: i32, activation: i32, output: usize): void {
  chooseGradient<f32>(gradient, saved, count, activation, output);
}
export function activation_gradient_f64(gradient: usize, saved: usize, count: i32, activation: i32, output: usize): void {
  chooseGradient<f64>(gradient, saved, count, activation, output);
}

/** output[channel] = sum of gradient [rows, channels, inner] over rows (ascending) and inner, in float64, rounded once. */
export function bias_gradient_f32(gradient: usize, rows: i32, channels: i32, inner: i32, output: usize): void {
  biasGradient<f32>(gradient, rows, channels, channels, inner, output);
}
export function bias_gradient_f64(gradient: usize, rows: i32, channels: i32, inner: i32, output: usize): void {
  biasGradient<f64>(gradient, rows, channels, channels, inner, output);
}

/** The same for `channels` of a row's `rowChannels`, a multiple of 8 from the first on: `gradient` is where their values begin. */
export function bias_gradient_part_f32(gradient: usize, rows: i32, rowChannels: i32, channels: i32, inner: i32, output: usize): void {
  biasGradient<f32>(gradient, rows, rowChannels, channels, inner, output);
}
export function bias_gradient_part_f64(gradient: usize, rows: i32, rowChannels: i32, channels: i32, inner: i32, output: usize): void {
  biasGradient<f64>(gradient, rows, rowChannels, channels, inner, output);
}
