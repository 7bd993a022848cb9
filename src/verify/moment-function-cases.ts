// Moments of functions of Gaussians: forward and gradients of every family of kernels.
import { Digest, type Core } from '../core/index.js';
import { activationMoments } from '../moments/activations.js';
import { diagonal } from '../moments/diagonal.js';
import { maxJoint, maxMarginals } from '../moments/max.js';
import { bivariateNormal, normalDensity, normalDistribution } from '../moments/normal.js';
import { Generator } from '../random/index.js';
import { add, matmul, Stepper, sum, type Tape, type Tensor } from '../tensor/index.js';
import type { Joint, Marginals } from '../moments/distribution.js';
import type { Case } from './operation-cases.js';

const FEATURES = 13;
const ACTIVATIONS = ['relu', 'relu:zero-mean', 'relu:pasted', 'relu:series3', 'leaky-relu:0.1', 'heaviside', 'gelu', 'probit', 'sigmoid', 'tanh'];

/** Means [1, 13] and a covariance of rank `rank` and a little of the identity, so that correlations are low for 13 and high for 2. */
function gaussian(tape: Tape, generator: Generator, rank: number): { leaves: Tensor[]; input: Joint } {
  const mean = generator.randn([1, FEATURES], 'float64'), factor = generator.randn([FEATURES, rank], 'float64');
  const square = matmul(tape, factor, factor, { transposeB: true }).toArray();
  const values = square.map((value, at) => value + (at % (FEATURES + 1) === 0 ? 0.05 : 0));
  const leaves = [tape.from(mean.toArray(), [1, FEATURES], 'float64'), tape.from(values, [1, FEATURES, FEATURES], 'float64')];
  for (const tensor of [mean, factor]) tensor.dispose();
  for (const leaf of leaves) leaf.requiresGrad = true;
  return { leaves, input: { mean: leaves[0]!, covariance: leaves[1]! } };
}

/** Digests what `op` makes of Gaussians of low and of high correlations, and the gradients of the sum of all of it. */
function momentCase(name: string, op: (tape: Tape, input: Joint, marginals: Marginals) => Tensor[]): Case {
  return {
    name,
    run: async (core) => {
      const digest = new Digest();
      const generator = new Generator(core, 29), stepper = new Stepper(core);
      for (const rank of [FEATURES, 2]) {
        stepper.step((tape) => {
          const { leaves, input } = gaussian(tape, generator, rank);
          const outputs = op(tape, input, { mean: input.mean, variance: diagonal(tape, input.covariance) });
          outputs.forEach((output, i) => digest.add(`rank ${rank} output ${i}`, output.toArray()));
          tape.backward(outputs.map((output) => sum(tape, output)).reduce((total, each) => add(tape, total, each)));
          leaves.forEach(({ grad }, i) => grad !== undefined && digest.add(`rank ${rank} gradient ${i}`, grad.toArray()));
        });
      }
      stepper.dispose();
      generator.dispose();
      return digest.hex();
    },
  };
}

function activationCase(name: string): Case {
  return momentCase(`moments of ${name}`, (tape, input, marginals) => {
    const moments = activationMoments(name);
    const joint = moments.joint(tape, input), each = moments.marginals(tape, marginals);
    return [joint.mean, joint.covariance, each.mean, each.variance, moments.slope(tape, marginals)];
  });
}

const GROUPS = [[0, 1], [2, 3, 4, 5], [6], [12, 0, 11, 3, 7]].map((group) => Int32Array.from(group));
const maxima = momentCase('moments of maxima', (tape, input, marginals) => {
  const joint = maxJoint(tape, input, GROUPS), each = maxMarginals(tape, marginals, GROUPS);
  return [joint.mean, joint.covariance, each.mean, each.variance];
});

const scalars: Case = {
  name: 'normal distribution',
  run: async (core: Core) => {
    const digest = new Digest();
    const points = Array.from({ length: 40 }, (_, i) => (i - 20) * 0.43 + i / 128);
    digest.add('density', points.map((x) => normalDensity(core, 4 * x))).add('distribution', points.map((x) => normalDistribution(core, 4 * x)));
    const correlations = [-1, -0.999, -0.8, -0.3, 0, 0.1, 0.7, 0.75, 0.99999, 1];
    digest.add('bivariate', points.flatMap((h, i) => correlations.map((r) => bivariateNormal(core, h, points[(7 * i) % 40]!, r))));
    return digest.hex();
  },
};

export const momentFunctionCases: readonly Case[] = [scalars, ...ACTIVATIONS.map(activationCase), maxima];
