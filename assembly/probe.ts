import { multiplyAdd } from './profile';

/**
 * With a = b = 1 + 2^-12 and c = -(1 + 2^-11), a fused multiply-add leaves 2^-24 and an unfused one 0.
 * The arguments come from the host so that no compiler can fold the answer.
 */
export function probe_multiply_add_f32(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(multiplyAdd<f32>(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0);
}

/** First byte of memory that the host owns; the module's constants end below it. */
export function probe_heap_base(): usize {
  return __heap_base;
}
