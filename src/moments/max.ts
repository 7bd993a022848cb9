// The maximum over groups of Gaussian features (max pooling), by Clark's formulas pair by pair. float64.
import type { Pointer } from '../core/index.js';
import { matmul, type Tape, type Tensor } from '../tensor/index.js';
import { withDiagonal } from './diagonal.js';
import { sizesOfJoint, sizesOfMarginals, type Joint, type Marginals } from './distribution.js';
import { giveBoth } from './gradients.js';

/** Groups as two runs of int32 in the step's memory. */
interface Layout {
  readonly groups: readonly Int32Array[];
  readonly members: number;
  readonly largest: number;
  readonly indices: Pointer;
  readonly starts: Pointer;
}

function layOut(tape: Tape, op: string, groups: readonly Int32Array[], features: number): Layout {
  groups.forEach((group, g) => {
    const stray = group.find((index) => !(index >= 0 && index < features));
    if (group.length === 0 || stray !== undefined) {
      throw new RangeError(`${op}: expected groups of one or more features below ${features}, got ${stray ?? 'none'} in group ${g}`);
    }
  });
  const members = groups.reduce((total, { length }) => total + length, 0);
  const indices = tape.allocate(4 * members, 'groups'), starts = tape.allocate(4 * (groups.length + 1), 'groups');
  const { memory } = tape.core;
  const all = memory.i32(indices, members), places = memory.i32(starts, groups.length + 1);
  let at = 0;
  groups.forEach((group, g) => {
    places[g] = at;
    all.set(group, at);
    at += group.length;
  });
  places[groups.length] = at;
  return { groups, members, largest: Math.max(...groups.map(({ length }) => length)), indices, starts };
}

interface Folded {
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** What the inputs count for in the maxima's covariances [batch, members]. */
  readonly weights: Tensor;
}

/** Runs the fold over every row; mean, variance and weights are each recorded. */
function foldGroups(tape: Tape, layout: Layout, mean: Tensor, spread: Tensor, full: boolean): Folded {
  const { groups: { length: count }, members, largest, indices, starts } = layout;
  const { core } = mean;
  const [batch, features] = mean.shape as [number, number];
  const outputs: Folded = {
    mean: tape.empty([batch, count], 'float64', 'mean'), variance: tape.empty([batch, count], 'float64', 'variance'),
    weights: tape.empty([batch, members], 'float64', 'weights'),
  };
  const bytes = (tensor: Tensor) => (8 * tensor.size) / batch;
  const scratch = core.scratch(16, 'max');
  for (let b = 0; b < batch; b++) {
    core.kernels.gaussian_max_f64(
      mean.source + b * bytes(mean), spread.source + b * bytes(spread), features, full, indices, starts, count,
      outputs.mean.pointer + b * bytes(outputs.mean), outputs.variance.pointer + b * bytes(outputs.variance),
      outputs.weights.pointer + b * bytes(outputs.weights), scratch,
    );
  }
  for (const which of ['mean', 'variance', 'weights'] as const) {
    tape.record([mean, spread], outputs[which], (gradient) => giveBoth(tape, mean, spread, (toMean, toSpread) => {
      core.memory.f64(toMean, mean.size).fill(0);
      core.memory.f64(toSpread, spread.size).fill(0);
      const room = core.scratch(core.kernels.gaussian_max_gradient_scratch_f64(largest), 'max gradient');
      const of = (name: keyof Folded, b: number) => (name === which ? gradient.source + b * bytes(gradient) : 0);
      for (let b = 0; b < batch; b++) {
        core.kernels.gaussian_max_gradient_f64(
          mean.source + b * bytes(mean), spread.source + b * bytes(spread), features, full, indices, starts, count,
          of('mean', b), of('variance', b), of('weights', b), toMean + b * bytes(mean), toSpread + b * bytes(spread), room,
        );
      }
    }));
  }
  return outputs;
}

/**
 * Mean and variance [batch, groups] of the maximum over each group of uncorrelated features: exact for pairs, and for more the
 * maximum of the first ones counts as Gaussian (Clark 1961).
 * @param groups for each output, its input features; they may overlap
 * @throws TypeError or RangeError for marginals that are not float64 [batch, n], an empty group, or a feature out of range
 */
export function maxMarginals(tape: Tape, input: Marginals, groups: readonly Int32Array[]): Marginals {
  const { features } = sizesOfMarginals('maxMarginals', input);
  const { mean, variance } = foldGroups(tape, layOut(tape, 'maxMarginals', groups, features), input.mean, input.variance, false);
  return { mean, variance };
}

/** Weights [members] of one row as a matrix [groups, n]. */
function weightMatrix(tape: Tape, weights: Tensor, row: number, layout: Layout, features: number): Tensor {
  const { core } = weights;
  const output = tape.empty([layout.groups.length, features], 'float64', 'weights');
  const start = row * layout.members;
  const eachMember = (visit: (member: number, place: number) => void) => {
    let member = start;
    layout.groups.forEach((group, g) => group.forEach((feature) => visit(member++, g * features + feature)));
  };
  const from = core.memory.f64(weights.source, weights.size), to = core.memory.f64(output.pointer, output.size).fill(0);
  eachMember((member, place) => (to[place]! += from[member]!));
  return tape.record([weights], output, (gradient) => tape.accumulate(weights, (pointer) => {
    const given = core.memory.f64(gradient.source, gradient.size), taken = core.memory.f64(pointer, weights.size).fill(0);
    eachMember((member, place) => (taken[member] = given[place]!));
  }));
}

/** Row `row` of covariances [batch, n, n] as [n, n]. */
function covarianceOf(tape: Tape, covariance: Tensor, row: number, n: number): Tensor {
  const { memory } = covariance.core;
  const output = tape.empty([n, n], 'float64', 'covariance');
  const size = n * n;
  memory.f64(output.pointer, size).set(memory.f64(covariance.source + 8 * size * row, size));
  return tape.record([covariance], output, (gradient) => tape.accumulate(covariance, (pointer) => {
    memory.f64(pointer, covariance.size).fill(0).set(memory.f64(gradient.source, size), row * size);
  }));
}

/** Matrices [n, n] one after the other, as [batch, n, n]. */
function stack(tape: Tape, matrices: readonly Tensor[], n: number): Tensor {
  const output = tape.empty([matrices.length, n, n], 'float64', 'covariance');
  const { memory } = output.core;
  const size = n * n;
  matrices.forEach((matrix, row) => memory.f64(output.pointer + 8 * size * row, size).set(memory.f64(matrix.source, size)));
  return tape.record(matrices, output, (gradient) => {
    matrices.forEach((matrix, row) => tape.accumulate(matrix, (pointer) => {
      memory.f64(pointer, size).set(memory.f64(gradient.source + 8 * size * row, size));
    }));
  });
}

/**
 * Mean [batch, groups] and covariance [batch, groups, groups] of the maximum over each group, pairs replaced one after the other
 * in the whole covariance: off the diagonal W covariance W^T with W the weights of Clark's formulas, on it the maxima's
 * variances, which are never smaller; so it is positive semidefinite where the input is.
 * @param groups for each output, its input features; they may overlap
 * @throws TypeError or RangeError for a distribution that is not float64 [batch, n], [batch, n, n], an empty group, or a feature out of range
 */
export function maxJoint(tape: Tape, input: Joint, groups: readonly Int32Array[]): Joint {
  const { batch, features } = sizesOfJoint('maxJoint', input);
  const layout = layOut(tape, 'maxJoint', groups, features);
  const { mean, variance, weights } = foldGroups(tape, layout, input.mean, input.covariance, true);
  const matrices = Array.from({ length: batch }, (_, row) => {
    const weight = weightMatrix(tape, weights, row, layout, features);
    return matmul(tape, matmul(tape, weight, covarianceOf(tape, input.covariance, row, features)), weight, { transposeB: true });
  });
  return { mean, covariance: withDiagonal(tape, stack(tape, matrices, groups.length), variance) };
}
