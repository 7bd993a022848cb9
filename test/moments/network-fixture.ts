// Networks and tensors of test/reference/fixtures/moments.json, and comparison with what PyTorch and the library gave.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Core } from '../../src/core/index.js';
import { readNetwork, type Joint, type Marginals, type MomentNetwork } from '../../src/moments/index.js';
import { Stepper, type Tape, type Tensor } from '../../src/tensor/index.js';

export interface Numbers {
  shape: number[];
  values: number[];
}

export interface LayerDescription {
  kind: string;
  weight?: Numbers;
  bias?: Numbers | null;
}

export interface Form {
  derivative: 'jacobian' | 'trick';
  independent: { mean: Numbers; variance: Numbers };
  full: { mean: Numbers; covariance: Numbers; variance: Numbers; covarianceFromVariance: Numbers; meanFromVariance: Numbers };
}

export interface NetworkCase {
  name: string;
  layers: LayerDescription[];
  mean: Numbers;
  covariance: Numbers;
  variance: Numbers;
  forward: Numbers;
  forms: Form[];
}

export const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/moments.json', import.meta.url), 'utf8'));

/** Nested lists of a shape's values. */
function nested({ shape, values }: Numbers): unknown {
  if (shape.length === 0) return values[0];
  const [count, ...rest] = shape as [number, ...number[]];
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) => nested({ shape: rest, values: values.slice(index * size, (index + 1) * size) }));
}

/** A described network; `relu` stands for the fixture's ReLU. Its parameters live as long as the core. */
export function networkOf(core: Core, layers: readonly LayerDescription[], input: readonly number[], relu = 'relu'): MomentNetwork {
  const described = layers.map(({ kind, weight, bias, ...rest }) => ({
    kind: kind === 'relu' ? relu : kind, ...rest, ...(weight === undefined ? {} : { weight: nested(weight) }), ...(bias == null ? {} : { bias: nested(bias) }),
  }));
  return readNetwork(core, JSON.stringify({ input, layers: described }), 'fixture');
}

/** Values as a tensor [batch, features], or of the shape given. */
export function tensorOf(tape: Tape, { shape, values }: Numbers, as?: readonly number[]): Tensor {
  return tape.from(values, as ?? [shape[0]!, values.length / shape[0]!], 'float64');
}

export function marginalsOf(tape: Tape, { mean, variance }: { mean: Numbers; variance: Numbers }): Marginals {
  return { mean: tensorOf(tape, mean), variance: tensorOf(tape, variance) };
}

export function jointOf(tape: Tape, { mean, covariance }: { mean: Numbers; covariance: Numbers }): Joint {
  return { mean: tensorOf(tape, mean), covariance: tensorOf(tape, covariance, covariance.shape) };
}

/** Runs a step whose memory goes at its end. */
export function step<T>(core: Core, body: (tape: Tape) => T): T {
  const stepper = new Stepper(core);
  try {
    return stepper.step(body);
  } finally {
    stepper.dispose();
  }
}

/** Differences of at most `tolerance` times the larger of 1 and the largest value expected. */
export function expectClose(actual: Tensor | ArrayLike<number>, expected: Numbers | ArrayLike<number>, tolerance: number, what = ''): void {
  const [got, wanted] = ['toArray' in actual ? actual.toArray() : actual, 'values' in expected && Array.isArray(expected.values) ? expected.values : (expected as ArrayLike<number>)];
  expect(got.length, what).toBe(wanted.length);
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  for (let index = 0; index < wanted.length; index++) {
    expect(Math.abs(got[index]! - wanted[index]!), `${what}, value ${index}: ${got[index]} against ${wanted[index]}`).toBeLessThanOrEqual(tolerance * scale);
  }
}
