// Vectors that hang over the end of an array, and float64 pairs for sums: what several kernel
// families share. A tail goes through the same vector arithmetic as the body, so a value's result
// never depends on where in the array it stands.

// The terms that `accumulateRun` sums.
export const VALUES: i32 = 0;
export const SQUARES: i32 = 1;
export const PRODUCTS: i32 = 2;
export const SQUARED_DIFFERENCES: i32 = 3;

/** The first `count` lanes (0 < count <= lanes) from memory; the other lanes hold `rest`. */
// @ts-ignore: decorator
@inline
export function loadPart<T>(pointer: usize, count: i32, rest: T): v128 {
  let value = v128.splat<T>(rest);
  if (sizeof<T>() == 4) {
    value = v128.load_lane<f32>(pointer, value, 0);
    if (count > 1) value = v128.load_lane<f32>(pointer, value, 1, 4);
    if (count > 2) value = v128.load_lane<f32>(pointer, value, 2, 8);
    if (count > 3) value = v128.load_lane<f32>(pointer, value, 3, 12);
  } else {
    value = v128.load_lane<f64>(pointer, value, 0);
    if (count > 1) value = v128.load_lane<f64>(pointer, value, 1, 8);
  }
  return value;
}

/** Stores the first `count` lanes (0 < count <= lanes). */
// @ts-ignore: decorator
@inline
export function storePart<T>(pointer: usize, value: v128, count: i32): void {
  if (sizeof<T>() == 4) {
    v128.store_lane<f32>(pointer, value, 0);
    if (count > 1) v128.store_lane<f32>(pointer, value, 1, 4);
    if (count > 2) v128.store_lane<f32>(pointer, value, 2, 8);
    if (count > 3) v128.store_lane<f32>(pointer, value, 3, 12);
  } else {
    v128.store_lane<f64>(pointer, value, 0);
    if (count > 1) v128.store_lane<f64>(pointer, value, 1, 8);
  }
}

/** Two neighbouring values of T as float64. */
// @ts-ignore: decorator
@inline
export function loadPair<T>(pointer: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(pointer));
  return v128.load(pointer);
}

/** Two values as float64; with only one `available`, the second lane holds `rest`. */
// @ts-ignore: decorator
@inline
export function loadPairOr<T>(pointer: usize, available: i32, rest: f64): v128 {
  if (available > 1) return loadPair<T>(pointer);
  return f64x2.replace_lane(f64x2.splat(rest), 0, <f64>load<T>(pointer));
}

/** Rounds two float64 values to T and stores them, or only the first when one is `available`. */
// @ts-ignore: decorator
@inline
export function storePair<T>(pointer: usize, value: v128, available: i32): void {
  if (sizeof<T>() == 4) {
    const rounded = f32x4.demote_f64x2_zero(value);
    if (available > 1) v128.store_lane<f64>(pointer, rounded, 0);
    else v128.store_lane<f32>(pointer, rounded, 0);
  } else if (available > 1) {
    v128.store(pointer, value);
  } else {
    v128.store_lane<f64>(pointer, value, 0);
  }
}

/** Lane 0 + lane 1. */
// @ts-ignore: decorator
@inline
export function sumPair(value: v128): f64 {
  return f64x2.extract_lane(value, 0) + f64x2.extract_lane(value, 1);
}

/** The terms of the pair at a (and b, read only where the term takes it), or of one value when one is `available`. */
// @ts-ignore: decorator
@inline
function runTerm<T>(term: i32, a: usize, b: usize, available: i32): v128 {
  const first = loadPairOr<T>(a, available, 0);
  if (term == VALUES) return first;
  if (term == SQUARES) return f64x2.mul(first, first);
  const second = loadPairOr<T>(b, available, 0);
  if (term == PRODUCTS) return f64x2.mul(first, second);
  const difference = f64x2.sub(first, second);
  return f64x2.mul(difference, difference);
}

/**
 * Float64 sum of one term per value of a[count] (and b[count] for the terms that take two operands).
 * Order: value i goes to one of eight lanes by i mod 8; then (0+1)+(2+3) over the four pairs, then lane 0 + lane 1.
 */
// @ts-ignore: decorator
@inline
export function accumulateRun<T>(term: i32, a: usize, b: usize, count: i32): f64 {
  const pair = 2 * sizeof<T>();
  let sum0 = f64x2.splat(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  let left = count;
  for (; left >= 8; left -= 8) {
    sum0 = f64x2.add(sum0, runTerm<T>(term, a, b, 2));
    sum1 = f64x2.add(sum1, runTerm<T>(term, a + pair, b + pair, 2));
    sum2 = f64x2.add(sum2, runTerm<T>(term, a + 2 * pair, b + 2 * pair, 2));
    sum3 = f64x2.add(sum3, runTerm<T>(term, a + 3 * pair, b + 3 * pair, 2));
    a += 4 * pair;
    b += 4 * pair;
  }
  if (left > 0) sum0 = f64x2.add(sum0, runTerm<T>(term, a, b, left));
  if (left > 2) sum1 = f64x2.add(sum1, runTerm<T>(term, a + pair, b + pair, left - 2));
  if (left > 4) sum2 = f64x2.add(sum2, runTerm<T>(term, a + 2 * pair, b + 2 * pair, left - 4));
  if (left > 6) sum3 = f64x2.add(sum3, runTerm<T>(term, a + 3 * pair, b + 3 * pair, left - 6));
  return sumPair(f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3)));
}

/** Values, and rows, that a long sum takes at a time: threads share it chunk by chunk. The host knows these numbers too. */
export const SUM_CHUNK: i32 = 65_536;
export const SUM_ROWS: i32 = 1024;

/** Float64 sum over any number of values: the sums of chunks of SUM_CHUNK, added in order. */
export function accumulateChunks<T>(term: i32, a: usize, b: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let start = 0; start < count; start += SUM_CHUNK) {
    const offset = <usize>start * sizeof<T>();
    total += accumulateRun<T>(term, a + offset, b + offset, min(SUM_CHUNK, count - start));
  }
  return total;
}

/** Columns 0, 2, 4, ... of the 2 * lanes values at `row`. */
// @ts-ignore: decorator
@inline
export function evenColumns<T>(row: usize): v128 {
  const first = v128.load(row), second = v128.load(row, 16);
  if (sizeof<T>() == 4) return v128.shuffle<f32>(first, second, 0, 2, 4, 6);
  return v128.shuffle<f64>(first, second, 0, 2);
}

/** Columns 1, 3, 5, ... of the 2 * lanes values at `row`. */
// @ts-ignore: decorator
@inline
export function oddColumns<T>(row: usize): v128 {
  const first = v128.load(row), second = v128.load(row, 16);
  if (sizeof<T>() == 4) return v128.shuffle<f32>(first, second, 1, 3, 5, 7);
  return v128.shuffle<f64>(first, second, 1, 3);
}

/** Stores even and odd columns back as a row. */
// @ts-ignore: decorator
@inline
export function storeColumns<T>(row: usize, even: v128, odd: v128): void {
  if (sizeof<T>() == 4) {
    v128.store(row, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
    v128.store(row, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), 16);
  } else {
    v128.store(row, v128.shuffle<f64>(even, odd, 0, 2));
    v128.store(row, v128.shuffle<f64>(even, odd, 1, 3), 16);
  }
}

/** Whether windows are 2x2 with stride 2 and no padding, which pooling has vector paths for. */
// @ts-ignore: decorator
@inline
export function isHalving(kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32): bool {
  return kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && (paddingHeight | paddingWidth) == 0;
}
