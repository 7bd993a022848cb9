// Gradients through whole networks' moments against central differences, and training with them.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { activationMoments } from '../../src/moments/activations.js';
import { congruence, diagonalCongruence, diagonalMatrix, embedBlock, scaleColumns, symmetricSum, takeBlock, transposed } from '../../src/moments/covariance-ops.js';
import {
  activationLayer, adf, adfJoint, averagePool2dLayer, conv2dLayer, expectedSquaredError, firstLayerLoss, flattenLayer, gaussianNegativeLogLikelihood, linearLayer,
  maxPool2dLayer, MomentNetwork, residualLayer, type Layer,
} from '../../src/moments/index.js';
import { Adam, Linear } from '../../src/nn/index.js';
import { Generator } from '../../src/random/index.js';
import { add, mul, reshape, Stepper, sum, type Shape, type Tape, type Tensor } from '../../src/tensor/index.js';
import { expectGradients, scatteredValues, type Input } from '../tensor/finite-differences.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

const input = (shape: number[], seed: number, scale = 0.5): Input => ({
  shape, values: scatteredValues(shape.reduce((product, extent) => product * extent, 1), seed).map((value) => value * scale),
});
const relu = () => activationLayer(activationMoments('relu'));

/** x x^T + 1/10: covariances whose gradient may be asked of their factor x [batch, n, r]. */
function covarianceOf(tape: Tape, x: Tensor): Tensor {
  const [batch, n, rank] = x.shape as [number, number, number];
  const noise = diagonalMatrix(tape, tape.from(new Float64Array(batch * n).fill(0.1), [batch, n], 'float64'));
  return add(tape, diagonalCongruence(tape, x, tape.from(new Float64Array(batch * rank).fill(1), [batch, rank], 'float64')), noise);
}

/** Both moments as one scalar-weighted tensor: mean and variances side by side would need another op. */
function joined(tape: Tape, mean: Tensor, spread: Tensor): Tensor {
  const weights = (tensor: Tensor, seed: number) => tape.from(scatteredValues(tensor.size, seed), tensor.shape, 'float64');
  return add(tape, sum(tape, mul(tape, mean, weights(mean, 8))), sum(tape, mul(tape, spread, weights(spread, 9))));
}

describe('ops on covariances', () => {
  it('transposed', () => expectGradients(core, transposed, [input([2, 3, 4], 1)]));
  it('symmetricSum', () => expectGradients(core, (tape, x) => symmetricSum(tape, x, 0.7), [input([2, 3, 3], 1)]));
  it('scaleColumns', () => expectGradients(core, scaleColumns, [input([2, 3, 5], 1), input([2, 5], 2)]));
  it('diagonalMatrix', () => expectGradients(core, diagonalMatrix, [input([2, 3], 1)]));
  it('embedBlock', () => expectGradients(core, (tape, x) => embedBlock(tape, x, [5, 4], 1, 2), [input([2, 3, 2], 1)]));
  it('takeBlock', () => expectGradients(core, (tape, x) => takeBlock(tape, x, 1, 2, 2, 3), [input([2, 4, 5], 1)]));
  it('diagonalCongruence', () => expectGradients(core, diagonalCongruence, [input([4, 3], 1), input([2, 3], 2)]));
  it('diagonalCongruence of a matrix for each sample', () => expectGradients(core, diagonalCongruence, [input([2, 4, 3], 1), input([2, 3], 2)]));
  // The lower triangle is computed and mirrored, so S has to stay symmetric.
  const symmetric = (tape: Tape, a: Tensor, x: Tensor) => congruence(tape, a, symmetricSum(tape, x, 0.5));
  it('congruence', () => expectGradients(core, symmetric, [input([4, 3], 1), input([2, 3, 3], 2)]));
  it('congruence of a matrix for each sample', () => expectGradients(core, symmetric, [input([2, 4, 3], 1), input([2, 3, 3], 2)]));
});

type Build = (parameters: Tensor[]) => Layer[];
const networks: [string, Shape, number[][], Build][] = [
  ['linear and ReLU', [3], [[4, 3], [4], [2, 4]], ([a, b, c]) => [linearLayer(a!, b!), relu(), linearLayer(c!)]],
  ['residual', [3], [[4, 3], [4], [3, 4]], ([a, b, c]) => [residualLayer([linearLayer(a!, b!), relu(), linearLayer(c!)]), relu()]],
  ['convolution and average pooling', [1, 4, 4], [[2, 1, 3, 3], [2], [2, 2]],
    ([a, b, c]) => [conv2dLayer(a!, b!, { padding: [1, 1] }), relu(), averagePool2dLayer({ kernel: [4, 4] }), flattenLayer(), linearLayer(c!)]],
  ['convolution by groups', [2, 2, 2], [[2, 1, 2, 2], [2]], ([a, b]) => [conv2dLayer(a!, b!, { groups: 2 })]],
  ['maximum', [1, 2, 4], [[1, 1, 1, 1], [2, 2]], ([a, c]) => [conv2dLayer(a!), maxPool2dLayer({ kernel: [2, 2] }), flattenLayer(), linearLayer(c!)]],
];

describe('moments of a network', () => {
  const parameterInputs = (shapes: number[][]) => shapes.map((shape, index) => input(shape, 11 + index));
  const size = (shape: Shape) => shape.reduce((product, extent) => product * extent, 1);

  it.each(networks)('%s: means and variances', (_name, shape, parameters, build) => {
    const op = (tape: Tape, mean: Tensor, deviation: Tensor, ...rest: Tensor[]) => {
      const output = adf(tape, new MomentNetwork(build(rest), shape), { mean, variance: mul(tape, deviation, deviation) });
      return joined(tape, output.mean, output.variance);
    };
    expectGradients(core, op, [input([2, size(shape)], 1), input([2, size(shape)], 2), ...parameterInputs(parameters)]);
  });

  it.each(networks)('%s: means and covariances', (_name, shape, parameters, build) => {
    const op = (tape: Tape, mean: Tensor, factor: Tensor, ...rest: Tensor[]) => {
      const output = adfJoint(tape, new MomentNetwork(build(rest), shape), { mean, covariance: covarianceOf(tape, factor) });
      return joined(tape, output.mean, output.covariance);
    };
    expectGradients(core, op, [input([2, size(shape)], 1), input([2, size(shape), 2], 2), ...parameterInputs(parameters)], 1e-6);
  });

  it('with more samples than a walk along the weights takes', () => {
    const op = (tape: Tape, mean: Tensor, deviation: Tensor, weight: Tensor, bias: Tensor) => {
      const output = adf(tape, new MomentNetwork([linearLayer(weight, bias)], [3]), { mean, variance: mul(tape, deviation, deviation) });
      return joined(tape, output.mean, output.variance);
    };
    expectGradients(core, op, [input([17, 3], 1), input([17, 3], 2), input([5, 3], 3), input([5], 4)]);
  });
});

describe('losses', () => {
  const marginals = (tape: Tape, mean: Tensor, deviation: Tensor) => ({ mean, variance: add(tape, mul(tape, deviation, deviation), reshape(tape, tape.from([1, 1, 1, 1], [4], 'float64'), [2, 2])) });
  const target = (tape: Tape) => tape.from([0.3, -0.2, 1, 0], [2, 2], 'float64');
  it('expected squared error', () =>
    expectGradients(core, (tape, mean, deviation) => expectedSquaredError(tape, marginals(tape, mean, deviation), target(tape)), [input([2, 2], 1), input([2, 2], 2)]));
  it('Gaussian negative log-likelihood', () =>
    expectGradients(core, (tape, mean, deviation) => gaussianNegativeLogLikelihood(tape, marginals(tape, mean, deviation), target(tape)), [input([2, 2], 1), input([2, 2], 2)]));
});

/** A small network with PyTorch's initialisation. */
function initialised(): MomentNetwork {
  const generator = new Generator(core, 1);
  const layers = [[4, 16], [16, 16], [16, 1]].flatMap(([inputs, outputs], index) => {
    const layer = new Linear(core, inputs!, outputs!, { dtype: 'float64' });
    layer.initialize(generator);
    const linear = linearLayer(layer.weight, layer.bias);
    return index < 2 ? [linear, relu()] : [linear];
  });
  generator.dispose();
  return new MomentNetwork(layers, [4]);
}

describe('training through the moments', () => {
  /** The loss before and after 150 steps of Adam. */
  function train(network: MomentNetwork, loss: (tape: Tape) => Tensor): [first: number, last: number] {
    const adam = new Adam(network.parameters(), { lr: 0.01 });
    const stepper = new Stepper(core);
    const losses = Array.from({ length: 150 }, () => stepper.step((tape) => {
      const value = loss(tape);
      tape.backward(value);
      adam.step();
      return value.item();
    }));
    adam.dispose();
    stepper.dispose();
    return [losses[0]!, losses.at(-1)!];
  }

  it('Adam lowers the expected squared error under noise', () => {
    const network = initialised();
    const x = scatteredValues(32 * 4, 3);
    const y = Array.from({ length: 32 }, (_, row) => Math.abs(x[4 * row]!) - x[4 * row + 1]!);
    const [first, last] = train(network, (tape) => {
      const mean = tape.from(x, [32, 4], 'float64');
      const variance = tape.from(new Float64Array(32 * 4).fill(0.05), [32, 4], 'float64');
      return expectedSquaredError(tape, adf(tape, network, { mean, variance }), tape.from(y, [32, 1], 'float64'));
    });
    expect(last).toBeLessThan(first / 4);
  });

  it('Adam lowers the loss of a noisy first layer', () => {
    const network = initialised();
    const [first, last] = train(network, (tape) => firstLayerLoss(tape, network, tape.from(scatteredValues(32, 3), [8, 4], 'float64')));
    expect(last).toBeLessThan(first - 10);
  });
});
