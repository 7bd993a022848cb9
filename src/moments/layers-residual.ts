import { add, formatShape, sizeOf, type Shape, type Tape, type Tensor } from '../tensor/index.js';
import type { Carried, Layer } from './layers.js';
import { symmetricSum } from './covariance-ops.js';
import { shapesThrough } from './shapes.js';

/** Each layer with its input's shape. */
function* placed(layers: readonly Layer[], input: Shape): IterableIterator<[Layer, Shape]> {
  let shape = input;
  for (const layer of layers) {
    yield [layer, shape];
    shape = layer.outputShape(shape);
  }
}

/** Means, covariance and crosses of x + branch(x), the branch's last cross being Cov(x, branch(x)). */
function joinBranch(tape: Tape, { joint, crosses }: Carried, branch: Carried): Carried {
  const withInput = branch.crosses.at(-1)!;
  const variances = add(tape, joint.covariance, branch.joint.covariance);
  return {
    joint: { mean: add(tape, joint.mean, branch.joint.mean), covariance: add(tape, variances, symmetricSum(tape, withInput, 1)) },
    crosses: crosses.map((cross, index) => add(tape, cross, branch.crosses[index]!)),
  };
}

/**
 * x + branch(x) (He et al. 2016). With covariances, Cov(x, branch(x)) is carried through the branch, so that the result is
 * the covariance of the sum, and positive semidefinite where the branch's activations give exact covariances. With
 * variances alone the branch counts as uncorrelated with its input.
 * @throws RangeError for a branch without layers, or (when the network is made) one that changes the number of features
 */
export function residualLayer(layers: readonly Layer[]): Layer {
  if (layers.length === 0) throw new RangeError('residual: expected at least one layer in the branch, got none');
  return {
    kind: 'residual', parameters: layers.flatMap((layer) => layer.parameters), isAffine: layers.every((layer) => layer.isAffine),
    outputShape(input) {
      const output = shapesThrough(layers, input, 'residual').at(-1)!;
      if (sizeOf(output) !== sizeOf(input)) {
        throw new RangeError(`residual: expected a branch that gives back ${formatShape(input)}, got ${formatShape(output)}`);
      }
      return input;
    },
    forward(tape, x, input) {
      let branch = x;
      for (const [layer, shape] of placed(layers, input)) branch = layer.forward(tape, branch, shape);
      return add(tape, x, branch);
    },
    marginals(tape, moments, input) {
      let branch = moments;
      for (const [layer, shape] of placed(layers, input)) branch = layer.marginals(tape, branch, shape);
      return { mean: add(tape, moments.mean, branch.mean), variance: add(tape, moments.variance, branch.variance) };
    },
    joint(tape, carried, input) {
      let branch: Carried = { joint: carried.joint, crosses: [...carried.crosses, carried.joint.covariance] };
      for (const [layer, shape] of placed(layers, input)) branch = layer.joint(tape, branch, shape);
      return joinBranch(tape, carried, branch);
    },
    differential(tape, rows, at, input) {
      return tape.withoutRecording(() => {
        let [branch, point]: [Tensor, Tensor] = [rows, at];
        for (const [layer, shape] of placed(layers, input)) {
          branch = layer.differential(tape, branch, point, shape);
          point = layer.forward(tape, point, shape);
        }
        return add(tape, rows, branch);
      });
    },
  };
}
