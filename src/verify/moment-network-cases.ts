// Moments through small networks of every kind of layer: values and gradients.
import { Digest, type Core } from '../core/index.js';
import {
  activationLayer, activationMoments, adf, adfJoint, adfLinearized, averagePool2dLayer, cauchy, conv2dLayer, expectedSquaredError, firstLayerLoss, flattenLayer,
  gaussianRobustness, linearize, linearLayer, maxPool2dLayer, MomentNetwork, oneStage, residualLayer, twoStage, type Joint, type Marginals,
} from '../moments/index.js';
import { Generator } from '../random/index.js';
import { add, matmul, mul, scale, Stepper, sum, type Tape, type Tensor } from '../tensor/index.js';
import type { Case } from './operation-cases.js';

/** What a case draws, given back at its end. */
class Draws {
  readonly #generator: Generator;
  readonly #tensors: Tensor[] = [];

  constructor(core: Core) {
    this.#generator = new Generator(core, 30);
  }

  normal(...shape: number[]): Tensor {
    const tensor = this.#generator.randn(shape, 'float64');
    this.#tensors.push(tensor);
    return tensor;
  }

  dispose(): void {
    for (const tensor of this.#tensors) tensor.dispose();
    this.#generator.dispose();
  }
}

/** Digests what `body` puts into it, with draws and memory of its own. */
function momentCase(name: string, body: (digest: Digest, tape: Tape, draws: Draws) => void): Case {
  return {
    name,
    run: async (core) => {
      const [digest, draws, stepper] = [new Digest(), new Draws(core), new Stepper(core)];
      stepper.step((tape) => body(digest, tape, draws));
      stepper.dispose();
      draws.dispose();
      return digest.hex();
    },
  };
}

const activation = (name: string) => activationLayer(activationMoments(name));

/** 5 inputs, 3 outputs, with a residual; activations at 1 and 3. */
function denseNetwork(draws: Draws): MomentNetwork {
  const linear = (outputs: number, inputs: number) => linearLayer(draws.normal(outputs, inputs), draws.normal(outputs));
  return new MomentNetwork([
    linear(9, 5), activation('relu'), residualLayer([linear(7, 9), activation('relu'), linear(9, 7)]), activation('gelu'), linear(3, 9),
  ], [5]);
}

/** Images [2, 6, 7], 4 outputs. */
function imageNetwork(draws: Draws): MomentNetwork {
  return new MomentNetwork([
    conv2dLayer(draws.normal(4, 1, 3, 2), draws.normal(4), { padding: [1, 0], groups: 2 }), activation('relu'), maxPool2dLayer({ kernel: [2, 2] }),
    averagePool2dLayer({ kernel: [2, 2], stride: [1, 1] }), flattenLayer(), linearLayer(draws.normal(4, 16)),
  ], [2, 6, 7]);
}

/** Two inputs of n features: means, and covariances of rank n. */
function inputOf(tape: Tape, draws: Draws, n: number): { joint: Joint; marginals: Marginals } {
  const mean = draws.normal(2, n), root = draws.normal(n, n), deviation = draws.normal(2, n);
  const one = scale(tape, matmul(tape, root, root, { transposeB: true }), 1 / n).toArray();
  return {
    joint: { mean, covariance: tape.from([...one, ...one], [2, n, n], 'float64', 'covariance') },
    marginals: { mean, variance: mul(tape, deviation, deviation) },
  };
}

/** Both moments of ADF and of every linearisation. */
function digestMoments(digest: Digest, tape: Tape, network: MomentNetwork, { joint, marginals }: { joint: Joint; marginals: Marginals }): void {
  const take = (name: string, moments: Marginals | Joint) =>
    digest.add(`${name} mean`, moments.mean.toArray()).add(`${name} spread`, ('covariance' in moments ? moments.covariance : moments.variance).toArray());
  take('adf', adf(tape, network, marginals));
  take('adf joint', adfJoint(tape, network, joint));
  for (const derivative of ['jacobian', 'trick'] as const) {
    for (const input of [marginals, joint]) {
      take(`one stage ${derivative}`, oneStage(tape, network, input, { derivative }));
      take(`two stages ${derivative}`, twoStage(tape, network, input, { activation: 1, derivative }));
      take(`adf linearised ${derivative}`, adfLinearized(tape, network, input, { derivative }));
    }
  }
  const { jacobian, offset } = linearize(tape, network, marginals.mean);
  digest.add('jacobian', jacobian.toArray()).add('offset', offset.toArray());
  digest.add('cauchy', cauchy(tape, network, { location: marginals.mean, scale: marginals.variance }).scale.toArray());
}

/** Gradients of a loss for every parameter. */
function digestGradients(digest: Digest, tape: Tape, network: MomentNetwork, loss: () => Tensor): void {
  const parameters = network.parameters();
  for (const parameter of parameters) parameter.requiresGrad = true;
  const value = loss();
  tape.backward(value);
  digest.add('loss', value.toArray());
  parameters.forEach(({ grad }, index) => digest.add(`gradient ${index}`, grad!.toArray()));
}

export const momentNetworkCases: readonly Case[] = [
  momentCase('moments of a dense network', (digest, tape, draws) => digestMoments(digest, tape, denseNetwork(draws), inputOf(tape, draws, 5))),
  momentCase('moments of a network of images', (digest, tape, draws) => digestMoments(digest, tape, imageNetwork(draws), inputOf(tape, draws, 84))),
  momentCase('gradients through the moments of a dense network', (digest, tape, draws) => {
    const network = denseNetwork(draws);
    const { joint, marginals } = inputOf(tape, draws, 5);
    digestGradients(digest, tape, network, () => {
      const full = adfJoint(tape, network, joint);
      const error = expectedSquaredError(tape, adf(tape, network, marginals), draws.normal(2, 3));
      return add(tape, error, add(tape, sum(tape, full.mean), sum(tape, full.covariance)));
    });
  }),
  momentCase('gradients through the first layer of a network of images', (digest, tape, draws) => {
    const network = imageNetwork(draws);
    digestGradients(digest, tape, network, () => firstLayerLoss(tape, network, draws.normal(2, 84)));
  }),
  momentCase('robustness of a small classifier', (digest, _tape, draws) => {
    const network = denseNetwork(draws);
    const { agreement } = gaussianRobustness((tape, x) => network.forward(tape, x), draws.normal(40, 5), { levels: { from: 0, to: 3, count: 7 }, batch: 15 });
    digest.add('agreement', agreement);
  }),
];
