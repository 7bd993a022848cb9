// An inner product that is called, not inlined: factorizations need it in many places, and a page downloads them all.
import { accumulateRun, PRODUCTS } from './vector';

/** Sum of a[i] b[i] over count float64 values, in the order of `accumulateRun`. */
export function inner(a: usize, b: usize, count: i32): f64 {
  return accumulateRun<f64>(PRODUCTS, a, b, count);
}
