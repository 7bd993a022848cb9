// One function applied to every element of an array: output[i] = f(input[i]). In place when both
// pointers are the same; any count; pointers 16-byte aligned.
import { cos, sin } from './math/sine';
import { erf } from './math/erf';
import { exp } from './math/exp';
import { log } from './math/log';
import { tanh } from './math/tanh';
import { keepNaN } from './math/vector';
import { lanes } from './profile';

const enum Operation { Exp, Log, Tanh, Erf, Sin, Cos, Sqrt }

/** `operation` is a constant wherever this is called: the optimiser leaves one branch. */
// @ts-ignore: decorator
@inline
function evaluate<T>(operation: Operation, x: v128): v128 {
  if (operation == Operation.Exp) return exp<T>(x);
  if (operation == Operation.Log) return log<T>(x);
  if (operation == Operation.Tanh) return tanh<T>(x);
  if (operation == Operation.Erf) return erf<T>(x);
  if (operation == Operation.Sin) return sin<T>(x);
  if (operation == Operation.Cos) return cos<T>(x);
  const root = v128.sqrt<T>(x);
  return keepNaN<T>(root, root);
}

/** The last 1 to 3 elements; the first fills the empty lanes, so that it decides nothing new. */
function loadPart<T>(input: usize, count: i32): v128 {
  let x = v128.load_splat<T>(input);
  if (count > 1) x = v128.load_lane<T>(input, x, 1, sizeof<T>());
  if (sizeof<T>() == 4) {
    if (count > 2) x = v128.load_lane<f32>(input, x, 2, 8);
  }
  return x;
}

function storePart<T>(output: usize, x: v128, count: i32): void {
  v128.store_lane<T>(output, x, 0);
  if (count > 1) v128.store_lane<T>(output, x, 1, sizeof<T>());
  if (sizeof<T>() == 4) {
    if (count > 2) v128.store_lane<f32>(output, x, 2, 8);
  }
}

// @ts-ignore: decorator
@inline
function apply<T>(operation: Operation, input: usize, output: usize, count: i32): void {
  while (count > 0) {
    const whole = count >= lanes<T>();
    const x = whole ? v128.load(input) : loadPart<T>(input, count);
    const result = evaluate<T>(operation, x);
    if (whole) v128.store(output, result);
    else storePart<T>(output, result, count);
    input += 16;
    output += 16;
    count -= lanes<T>();
  }
}

export function elementwise_exp_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Exp, input, output, count);
}

export function elementwise_exp_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Exp, input, output, count);
}

export function elementwise_log_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Log, input, output, count);
}

export function elementwise_log_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Log, input, output, count);
}

export function elementwise_tanh_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Tanh, input, output, count);
}

export function elementwise_tanh_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Tanh, input, output, count);
}

export function elementwise_erf_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Erf, input, output, count);
}

export function elementwise_erf_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Erf, input, output, count);
}

export function elementwise_sin_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Sin, input, output, count);
}

export function elementwise_sin_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Sin, input, output, count);
}

export function elementwise_cos_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Cos, input, output, count);
}

export function elementwise_cos_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Cos, input, output, count);
}

export function elementwise_sqrt_f32(input: usize, output: usize, count: i32): void {
  apply<f32>(Operation.Sqrt, input, output, count);
}

export function elementwise_sqrt_f64(input: usize, output: usize, count: i32): void {
  apply<f64>(Operation.Sqrt, input, output, count);
}
