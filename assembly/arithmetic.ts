// Elementwise arithmetic over flat arrays of `count` values; the output may be an operand.
import { lanes } from './profile';
import { loadPart, storePart } from './vector';

const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;

// @ts-ignore: decorator
@inline
function combine<T>(operation: i32, a: v128, b: v128): v128 {
  if (operation == ADD) return v128.add<T>(a, b);
  if (operation == SUB) return v128.sub<T>(a, b);
  if (operation == MUL) return v128.mul<T>(a, b);
  return v128.div<T>(a, b);
}

// @ts-ignore: decorator
@inline
function binary<T>(operation: i32, a: usize, b: usize, output: usize, count: i32): void {
  let left = count;
  for (; left >= 2 * lanes<T>(); left -= 2 * lanes<T>()) {
    const first = combine<T>(operation, v128.load(a), v128.load(b));
    const second = combine<T>(operation, v128.load(a, 16), v128.load(b, 16));
    v128.store(output, first);
    v128.store(output, second, 16);
    a += 32;
    b += 32;
    output += 32;
  }
  for (; left > 0; left -= lanes<T>()) {
    const part = min(left, lanes<T>());
    storePart<T>(output, combine<T>(operation, loadPart<T>(a, part, <T>1), loadPart<T>(b, part, <T>1)), part);
    a += 16;
    b += 16;
    output += 16;
  }
}

// @ts-ignore: decorator
@inline
function withScalar<T>(operation: i32, a: usize, scalar: T, output: usize, count: i32): void {
  const operand = v128.splat<T>(scalar);
  let left = count;
  for (; left >= 2 * lanes<T>(); left -= 2 * lanes<T>()) {
    const first = combine<T>(operation, v128.load(a), operand);
    const second = combine<T>(operation, v128.load(a, 16), operand);
    v128.store(output, first);
    v128.store(output, second, 16);
    a += 32;
    output += 32;
  }
  for (; left > 0; left -= lanes<T>()) {
    const part = min(left, lanes<T>());
    storePart<T>(output, combine<T>(operation, loadPart<T>(a, part, <T>1), operand), part);
    a += 16;
    output += 16;
  }
}

// @ts-ignore: decorator
@inline
function fill<T>(output: usize, value: T, count: i32): void {
  const filling = v128.splat<T>(value);
  let left = count;
  for (; left >= lanes<T>(); left -= lanes<T>()) {
    v128.store(output, filling);
    output += 16;
  }
  if (left > 0) storePart<T>(output, filling, left);
}

/** output[i] = a[i] + b[i]. */
export function arithmetic_add_f32(a: usize, b: usize, output: usize, count: i32): void {
  binary<f32>(ADD, a, b, output, count);
}
export function arithmetic_add_f64(a: usize, b: usize, output: usize, count: i32): void {
  binary<f64>(ADD, a, b, output, count);
}

/** output[i] = a[i] - b[i]. */
export function arithmetic_sub_f32(a: usize, b: usize, output: usize, count: i32): void {
  binary<f32>(SUB, a, b, output, count);
}
export function arithmetic_sub_f64(a: usize, b: usize, output: usize, count: i32): void {
  binary<f64>(SUB, a, b, output, count);
}

/** output[i] = a[i] * b[i]. */
export function arithmetic_mul_f32(a: usize, b: usize, output: usize, count: i32): void {
  binary<f32>(MUL, a, b, output, count);
}
export function arithmetic_mul_f64(a: usize, b: usize, output: usize, count: i32): void {
  binary<f64>(MUL, a, b, output, count);
}

/** output[i] = a[i] / b[i]. */
export function arithmetic_div_f32(a: usize, b: usize, output: usize, count: i32): void {
  binary<f32>(DIV, a, b, output, count);
}
export function arithmetic_div_f64(a: usize, b: usize, output: usize, count: i32): void {
  binary<f64>(DIV, a, b, output, count);
}

/** output[i] = a[i] * factor. */
export function arithmetic_scale_f32(a: usize, factor: f32, output: usize, count: i32): void {
  withScalar<f32>(MUL, a, factor, output, count);
}
export function arithmetic_scale_f64(a: usize, factor: f64, output: usize, count: i32): void {
  withScalar<f64>(MUL, a, factor, output, count);
}

/** output[i] = a[i] + addend. */
export function arithmetic_add_scalar_f32(a: usize, addend: f32, output: usize, count: i32): void {
  withScalar<f32>(ADD, a, addend, output, count);
}
export function arithmetic_add_scalar_f64(a: usize, addend: f64, output: usize, count: i32): void {
  withScalar<f64>(ADD, a, addend, output, count);
}

/** output[i] = value. */
export function arithmetic_fill_f32(output: usize, value: f32, count: i32): void {
  fill<f32>(output, value, count);
}
export function arithmetic_fill_f64(output: usize, value: f64, count: i32): void {
  fill<f64>(output, value, count);
}
