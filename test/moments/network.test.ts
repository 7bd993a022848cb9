// Laws of layers and networks: what an affine layer does, whatever its kind; residuals; two ways to a Jacobian; Monte Carlo.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { activationMoments } from '../../src/moments/activations.js';
import {
  activationLayer, adf, adfJoint, averagePool2dLayer, cauchy, conv2dLayer, differential, flattenLayer, jacobian, jacobianByTape, linearLayer, maxPool2dLayer,
  MomentNetwork, oneStage, residualLayer, twoStage, type Joint, type Layer,
} from '../../src/moments/index.js';
import { transposedJacobianByLayers } from '../../src/moments/jacobian.js';
import { congruence, gram, transposed } from '../../src/moments/covariance-ops.js';
import { NormalSampler, RunningMoments } from '../../src/moments/monte-carlo.js';
import { Generator } from '../../src/random/index.js';
import { sizeOf, symmetricEigenvalues, Tensor, type Shape, type Tape } from '../../src/tensor/index.js';
import { scatteredValues } from '../tensor/scattered-values.js';
import { expectClose, step } from './network-fixture.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

let seed = 1;
/** Another tensor at every call, but the same in every run; lives as long as the core. */
const made = (shape: number[], scale = 0.5) => Tensor.from(core, scatteredValues(sizeOf(shape), seed++).map((value) => value * scale), shape, 'float64');
const relu = () => activationLayer(activationMoments('relu'));
const tanh = () => activationLayer(activationMoments('tanh'));
const linear = (outputs: number, inputs: number) => linearLayer(made([outputs, inputs]), made([outputs]));

/** A joint input with covariances of rank `rank`. */
function jointInput(tape: Tape, batch: number, n: number, rank = n): Joint {
  return { mean: made([batch, n], 1), covariance: gram(tape, made([batch, rank, n])) };
}

function variancesOf({ covariance }: Joint, tape: Tape): Tensor {
  const [batch, n] = covariance.shape as [number, number];
  const values = covariance.toArray();
  return tape.from(Float64Array.from({ length: batch * n }, (_, index) => values[index * n + (index % n)]!), [batch, n], 'float64');
}

const affineLayers: [string, Shape, () => Layer[]][] = [
  ['linear', [5], () => [linear(4, 5)]],
  ['linear without bias', [5], () => [linearLayer(made([7, 5]))]],
  ['linear of an image', [2, 3, 2], () => [linear(4, 12)]],
  ['conv2d', [2, 5, 4], () => [conv2dLayer(made([3, 2, 3, 2]), made([3]))]],
  ['conv2d with stride, padding and dilation', [2, 7, 6], () => [conv2dLayer(made([3, 2, 3, 2]), made([3]), { stride: [2, 1], padding: [1, 2], dilation: [2, 1] })]],
  ['conv2d by groups', [4, 4, 4], () => [conv2dLayer(made([6, 2, 2, 3]), made([6]), { groups: 2 })]],
  ['average pooling', [2, 4, 6], () => [averagePool2dLayer({ kernel: [2, 2] })]],
  ['overlapping average pooling', [2, 5, 4], () => [averagePool2dLayer({ kernel: [3, 2], stride: [1, 2], padding: [1, 1] })]],
  ['affine residual', [6], () => [residualLayer([linear(8, 6), linear(6, 8)])]],
  ['residual in a residual', [6], () => [residualLayer([linear(6, 6), residualLayer([linear(6, 6)]), linear(6, 6)])]],
  ['residual of convolutions', [2, 4, 4], () => [residualLayer([conv2dLayer(made([3, 2, 3, 3]), made([3]), { padding: [1, 1] }), conv2dLayer(made([2, 3, 1, 1]), null)])]],
];

describe('an affine layer', () => {
  it.each(affineLayers)('%s: moments are those of its Jacobian', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    const joint = jointInput(tape, 2, network.inputs);
    const matrices = jacobianByTape(tape, network, joint.mean);
    const output = adfJoint(tape, network, joint);
    expectClose(output.mean, network.forward(tape, joint.mean).toArray(), 1e-12);
    expectClose(output.covariance, congruence(tape, matrices, joint.covariance).toArray(), 1e-12);
  }));

  it.each(affineLayers)('%s: covariances are exactly symmetric', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    const { covariance } = adfJoint(tape, network, jointInput(tape, 2, network.inputs));
    expect(Array.from(transposed(tape, covariance).toArray())).toEqual(Array.from(covariance.toArray()));
  }));

  it.each(affineLayers.filter(([name]) => !name.includes('residual')))('%s: variances of uncorrelated features', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    const mean = made([3, network.inputs], 1);
    const variance = tape.from(made([3, network.inputs]).toArray().map(Math.abs), mean.shape, 'float64');
    const squares = jacobianByTape(tape, network, mean).toArray().map((value) => value * value);
    const n = network.inputs, m = network.outputs, v = variance.toArray();
    const expected = Float64Array.from({ length: 3 * m }, (_, row) => {
      let total = 0;
      for (let i = 0; i < n; i++) total += squares[row * n + i]! * v[Math.floor(row / m) * n + i]!;
      return total;
    });
    expectClose(adf(tape, network, { mean, variance }).variance, expected, 1e-12);
  }));
});

const networks: [string, Shape, () => Layer[]][] = [
  ['ReLU', [5], () => [linear(7, 5), relu(), linear(6, 7), relu(), linear(3, 6)]],
  ['more outputs than inputs', [3], () => [linear(8, 3), tanh(), linear(9, 8)]],
  ['images', [1, 6, 6], () => [conv2dLayer(made([3, 1, 3, 3]), made([3])), relu(), maxPool2dLayer({ kernel: [2, 2] }), flattenLayer(), linear(2, 12)]],
  ['residuals', [6], () => [residualLayer([linear(8, 6), relu(), linear(6, 8)]), tanh(), residualLayer([linear(6, 6), residualLayer([linear(6, 6), relu()])])]],
];

describe('a Jacobian', () => {
  it.each(networks)('%s: by layers and by the tape, for every sample of a batch', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    const at = made([3, network.inputs], 1);
    const byTape = jacobianByTape(tape, network, at).toArray();
    expectClose(transposed(tape, transposedJacobianByLayers(tape, network, at)), byTape, 1e-12);
    expectClose(jacobian(tape, network, at), byTape, 1e-12);
    const rows = made([3, 2, network.inputs], 1);
    const directions = transposed(tape, differential(tape, network, at, rows));
    const [n, m, r, d] = [network.inputs, network.outputs, rows.toArray(), directions.toArray()];
    for (let index = 0; index < 3 * m * 2; index++) {
      const [sample, output, direction] = [Math.floor(index / (2 * m)), Math.floor(index / 2) % m, index % 2];
      let total = 0;
      for (let i = 0; i < n; i++) total += byTape[(sample * m + output) * n + i]! * r[(sample * 2 + direction) * n + i]!;
      expect(Math.abs(d[index]! - total)).toBeLessThan(1e-12 * Math.max(1, Math.abs(total)));
    }
  }));

  it('leaves gradients and parameters as they were', () => step(core, (tape) => {
    const network = new MomentNetwork([linear(2, 9)], [9]);
    const [weight] = network.parameters() as [Tensor];
    weight.requiresGrad = true;
    jacobianByTape(tape, network, made([2, 9]));
    expect(weight.requiresGrad).toBe(true);
    expect(weight.grad).toBeUndefined();
  }));
});

/** Samples of a network's output for one joint input. */
function sampled(network: MomentNetwork, joint: Joint, count: number): ReturnType<RunningMoments['estimate']> {
  const generator = new Generator(core, 5);
  const n = network.inputs;
  const sampler = new NormalSampler(joint.mean.toArray(), joint.covariance.view([n, n]));
  const running = new RunningMoments(core, network.outputs, { covariance: true });
  for (let done = 0; done < count; done += 10_000) {
    step(core, (tape) => running.add(tape.withoutRecording(() => network.forward(tape, sampler.draw(tape, generator, 10_000)))));
  }
  return running.estimate();
}

/** Within 5 standard errors, which a value of a few dozen misses once in some 10^5 runs; the seeds are fixed. */
function expectWithin(actual: Tensor, estimate: Float64Array, errors: Float64Array): void {
  actual.toArray().forEach((value, index) => {
    expect(Math.abs(value - estimate[index]!), `value ${index}: ${value} against ${estimate[index]} +- ${errors[index]}`).toBeLessThan(5 * errors[index]! + 1e-12);
  });
}

describe('against Monte Carlo', () => {
  // One activation of a Gaussian is exact; so is a sum with that Gaussian, and any affine map of it.
  const exact: [string, Shape, () => Layer[]][] = [
    ['one ReLU layer', [4], () => [linear(5, 4), relu(), linear(3, 5)]],
    ['a residual ReLU layer', [4], () => [residualLayer([linear(5, 4), relu(), linear(4, 5)])]],
    ['a residual whose branch ends in ReLU, in a residual', [3], () => [residualLayer([linear(3, 3), residualLayer([linear(3, 3), relu()])]), linear(2, 3)]],
    ['a maximum of two in a residual', [1], () => [residualLayer([linear(2, 1), reshapedTo([1, 1, 2]), maxPool2dLayer({ kernel: [1, 2] })])]],
  ];

  it.each(exact)('%s is exact', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    const joint = jointInput(tape, 1, network.inputs);
    const output = adfJoint(tape, network, joint);
    const estimate = sampled(network, joint, 200_000);
    expectWithin(output.mean, estimate.mean, estimate.meanError);
    expectWithin(output.covariance, estimate.covariance!, estimate.covarianceError!);
  }));

  it('keeps closer to it in a deep network than variances alone', () => step(core, (tape) => {
    const network = new MomentNetwork([linear(12, 4), relu(), linear(12, 12), relu(), linear(12, 12), relu(), linear(3, 12)], [4]);
    const joint = jointInput(tape, 1, 4);
    const estimate = sampled(network, joint, 100_000);
    const error = (variance: Tensor) => Array.from(variance.toArray(), (value, index) => Math.abs(value - estimate.variance[index]!)).reduce((total, value) => total + value, 0);
    const full = error(variancesOf(adfJoint(tape, network, joint), tape));
    expect(full).toBeLessThan(error(adf(tape, network, { mean: joint.mean, variance: variancesOf(joint, tape) }).variance));
    expect(full).toBeLessThan(error(variancesOf(twoStage(tape, network, joint, { activation: 5 }), tape)));
    expect(full).toBeLessThan(error(variancesOf(oneStage(tape, network, joint), tape)));
  }));
});

/** Gives the same features another shape, for layers of images after a linear one. */
function reshapedTo(shape: Shape): Layer {
  return { ...flattenLayer(), outputShape: () => shape };
}

describe('covariances stay positive semidefinite', () => {
  it.each([...networks, ...affineLayers])('%s', (_name, input, layers) => step(core, (tape) => {
    const network = new MomentNetwork(layers(), input);
    for (const rank of [1, 2, network.inputs]) {
      for (const scale of [1e-8, 1, 1e8]) {
        const { mean, covariance } = jointInput(tape, 3, network.inputs, rank);
        const scaled = tape.from(covariance.toArray().map((value) => value * scale), covariance.shape, 'float64');
        const output = adfJoint(tape, network, { mean, covariance: scaled }).covariance;
        const eigenvalues = symmetricEigenvalues(tape, output).toArray();
        const m = network.outputs;
        for (let sample = 0; sample < 3; sample++) {
          // Rounding of the largest; and of probabilities near 1/2, whose differences tanh's covariances are.
          expect(eigenvalues[sample * m]!).toBeGreaterThanOrEqual(-1e-12 * eigenvalues[(sample + 1) * m - 1]! - 1e-15);
        }
      }
    }
  }));
});

describe('Cauchy noise', () => {
  /** Standard Cauchy samples: the ratio of two normals. */
  function samples(count: number, location: Float64Array, scale: Float64Array, generator: Generator): Tensor {
    const n = location.length;
    const [a, b] = [generator.randn([count, n], 'float64'), generator.randn([count, n], 'float64')];
    const [top, bottom] = [a.toArray(), b.toArray()];
    return Tensor.from(core, top.map((value, index) => location[index % n]! + (scale[index % n]! * value) / bottom[index]!), [count, n], 'float64');
  }

  it('is exact through affine layers: median and half the interquartile range', () => step(core, (tape) => {
    const network = new MomentNetwork([linear(4, 3), linear(2, 4)], [3]);
    const input = { location: made([1, 3]), scale: tape.from([0.3, 1, 0.1], [1, 3], 'float64') };
    const { location, scale } = cauchy(tape, network, input);
    const count = 100_000;
    const outputs = network.forward(tape, samples(count, input.location.toArray() as Float64Array, input.scale.toArray() as Float64Array, new Generator(core, 3))).toArray();
    for (let output = 0; output < 2; output++) {
      const column = Float64Array.from({ length: count }, (_, row) => outputs[row * 2 + output]!).sort();
      const [width, centre] = [scale.toArray()[output]!, location.toArray()[output]!];
      // The density at the median is 1 / (pi g), at the quartiles half that: standard errors g pi / (2 sqrt n) and about twice it.
      const error = (Math.PI / 2 / Math.sqrt(count)) * width;
      expect(Math.abs(column[count / 2]! - centre)).toBeLessThan(5 * error);
      expect(Math.abs((column[(3 * count) / 4]! - column[count / 4]!) / 2 - width)).toBeLessThan(10 * error);
    }
  }));

  it('passes an active ReLU and stops at an inactive one', () => step(core, (tape) => {
    const network = new MomentNetwork([relu()], [2]);
    const { location, scale } = cauchy(tape, network, { location: tape.from([3, -3], [1, 2], 'float64'), scale: tape.from([0.5, 0.5], [1, 2], 'float64') });
    expect([...location.toArray(), ...scale.toArray()]).toEqual([3, 0, 0.5, 0]);
  }));

  it('refuses a scale below 0', () => step(core, (tape) => {
    const input = { location: tape.from([3], [1, 1], 'float64'), scale: tape.from([-1], [1, 1], 'float64') };
    expect(() => cauchy(tape, new MomentNetwork([relu()], [1]), input)).toThrow('cauchy: expected scales of at least 0');
  }));
});

describe('a network refuses', () => {
  const refused: [string, () => unknown, string][] = [
    ['no layers', () => new MomentNetwork([], [3]), 'network: expected at least one layer, got none'],
    ['a layer that does not fit', () => new MomentNetwork([linear(4, 3), relu(), linear(2, 5)], [3]), 'network: layer 2: linear: expected 5 inputs, as its weight [2, 5] has columns, got [4]'],
    ['a layer in a residual that does not fit', () => new MomentNetwork([residualLayer([linear(4, 3), linear(3, 5)])], [3]), 'network: layer 0: residual: layer 1: linear: expected 5 inputs'],
    ['a branch that changes the size', () => new MomentNetwork([residualLayer([linear(4, 3)])], [3]), 'residual: expected a branch that gives back [3], got [4]'],
    ['an empty branch', () => residualLayer([]), 'residual: expected at least one layer'],
    ['flat features before a convolution', () => new MomentNetwork([conv2dLayer(made([1, 1, 2, 2]))], [4]), 'network: layer 0: conv2d: expected an input [channels, height, width], got [4]'],
    ['another number of channels', () => new MomentNetwork([conv2dLayer(made([1, 2, 2, 2]))], [1, 4, 4]), 'conv2d: expected 2 channels'],
    ['an image below the kernel', () => new MomentNetwork([maxPool2dLayer({ kernel: [3, 3] })], [1, 2, 2]), 'maxPool2d: expected an input of at least the kernel [3, 3]'],
    ['an input shape of 0', () => new MomentNetwork([relu()], [0]), 'network: expected an input shape'],
    ['groups that do not divide', () => conv2dLayer(made([3, 2, 2, 2]), null, { groups: 2 }), 'conv2d: expected groups that divide the 3 outputs'],
    ['a bias of another size', () => linearLayer(made([3, 2]), made([2])), 'linear: expected weight [out, in] and bias [out], got [3, 2] and [2]'],
    ['float32', () => linearLayer(Tensor.zeros(core, [2, 2])), 'linear: expected parameters in float64, got float32'],
    ['a slice without layers', () => new MomentNetwork([relu()], [2]).slice(1), 'slice: expected 0 <= start < end <= 1'],
  ];
  it.each(refused)('%s', (_name, run, message) => expect(run).toThrow(message));

  it('inputs that do not fit', () => step(core, (tape) => {
    const network = new MomentNetwork([linear(2, 3), relu()], [3]);
    const [mean, variance, covariance] = [made([2, 3]), made([2, 4]), made([2, 3, 2])];
    expect(() => adf(tape, network, { mean, variance })).toThrow('adf: expected the variances of shape [2, 3], got [2, 4]');
    expect(() => adfJoint(tape, network, { mean, covariance })).toThrow('adfJoint: expected the covariances of shape [2, 3, 3], got [2, 3, 2]');
    expect(() => network.forward(tape, made([2, 4]))).toThrow('forward: expected an input of shape [2, 3], got [2, 4]');
    const joint = jointInput(tape, 1, 3);
    expect(() => twoStage(tape, network, joint, { activation: 0 })).toThrow('twoStage: expected the place of an activation (1), got 0');
    expect(() => oneStage(tape, network, joint, { derivative: 'other' as 'trick' })).toThrow("expected derivative 'jacobian' or 'trick'");
  }));
});
