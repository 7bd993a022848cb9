// The oracle of every gradient: central differences in float64.
import { expect } from 'vitest';
import type { Core } from '../../src/core/index.js';
import { sizeOf, Stepper, Tensor, type DType, type Shape, type Tape } from '../../src/tensor/index.js';
import { scatteredValues } from './scattered-values.js';

export { scatteredValues };

export interface Input {
  shape: Shape;
  values: ArrayLike<number>;
}

export interface Evaluation {
  output: Float32Array | Float64Array;
  shape: Shape;
  gradients: (Float32Array | Float64Array | undefined)[];
}

export type Op = (tape: Tape, ...inputs: Tensor[]) => Tensor;

/** Runs an op forward and back; the upstream gradient defaults to scattered values. */
export function evaluate(core: Core, op: Op, inputs: readonly Input[], dtype: DType = 'float64', upstream?: ArrayLike<number>): Evaluation {
  const stepper = new Stepper(core);
  const leaves = inputs.map(({ shape, values }) => Tensor.from(core, values, shape, dtype));
  for (const leaf of leaves) leaf.requiresGrad = true;
  try {
    return stepper.step((tape) => {
      const output = op(tape, ...leaves);
      const seed = tape.from(upstream ?? scatteredValues(output.size, 7), output.shape, dtype);
      tape.backward(output, seed);
      return { output: output.toArray(), shape: output.shape, gradients: leaves.map(({ grad }) => grad?.toArray()) };
    });
  } finally {
    for (const leaf of leaves) leaf.dispose();
    stepper.dispose();
  }
}

function weightedSum(values: ArrayLike<number>, weights: readonly number[]): number {
  return weights.reduce((total, weight, i) => total + weight * values[i]!, 0);
}

/**
 * Checks an op's gradients to all inputs. With step 1e-5 the truncation error is about 1e-10 and the
 * rounding error about 1e-11 for values of order 1, so a tolerance of 1e-7 leaves room for sums.
 */
export function expectGradients(core: Core, op: Op, inputs: readonly Input[], tolerance = 1e-7): void {
  const step = 1e-5;
  const { gradients, shape } = evaluate(core, op, inputs);
  const weights = scatteredValues(sizeOf(shape), 7);
  const objective = (which: number, index: number, change: number) => {
    const moved = inputs.map(({ shape: s, values }, i) => {
      const copy = Float64Array.from(values);
      if (i === which) copy[index]! += change;
      return { shape: s, values: copy };
    });
    return weightedSum(evaluate(core, op, moved).output, weights);
  };
  inputs.forEach((input, which) => {
    const gradient = gradients[which];
    expect(gradient, `gradient of input ${which}`).toBeDefined();
    for (let index = 0; index < input.values.length; index++) {
      const slope = (objective(which, index, step) - objective(which, index, -step)) / (2 * step);
      const bound = tolerance * Math.max(1, Math.abs(slope));
      expect(Math.abs(gradient![index]! - slope), `input ${which}, value ${index}: ${gradient![index]} against ${slope}`).toBeLessThan(bound);
    }
  });
}
