// exp, log and erf of plain numbers by the core's kernels, and a cube root: statistics may not ask the engine for them.
import type { Core } from '../core/index.js';

/** The function of every value, as the op of that name computes it in float64. */
export function evaluate(core: Core, name: 'exp' | 'log' | 'erf', values: Float64Array): Float64Array {
  const pointer = core.scratch(8 * values.length, name);
  core.memory.f64(pointer, values.length).set(values);
  core.kernels[`elementwise_${name}_f64`](pointer, pointer, values.length);
  return core.memory.f64(pointer, values.length).slice();
}

export function evaluateOne(core: Core, name: 'exp' | 'log' | 'erf', x: number): number {
  return evaluate(core, name, Float64Array.of(x))[0]!;
}

/** The real cube root of a finite number, by Newton's method from a value between 1 and 2 (times a power of two): error below 2 units in the last place. */
export function cubeRoot(x: number): number {
  if (x === 0) return x;
  let scaled = Math.abs(x), factor = 1;
  for (; scaled >= 8; scaled /= 8) factor *= 2;
  for (; scaled < 1; scaled *= 8) factor /= 2;
  let root = 1.5;
  for (let step = 0; step < 6; step++) root -= (root - scaled / (root * root)) / 3;
  return (x < 0 ? -root : root) * factor;
}
