// Short runs of LeNet's training, of the Gaussianity of layers and of robustness, on the made-up dataset.
import {
  resolveGaussianityConfig, resolveLenetConfig, resolveRobustnessConfig, runGaussianity, runRobustness, trainLenet, type LenetResult, type LoadedNetwork,
  type MomentEvent, type TableRow,
} from '../experiments/moments/index.js';
import type { Core } from '../core/index.js';
import { readNetwork } from '../moments/model-file.js';
import { madeUpDataset } from './made-up.js';
import type { Case } from './operation-cases.js';

async function digestOf<R extends TableRow>(events: AsyncIterable<MomentEvent<R>>): Promise<string> {
  let digest = '';
  for await (const event of events) if (event.type === 'finished') ({ digest } = event.result);
  return digest;
}

async function shortTraining(core: Core): Promise<LenetResult> {
  const config = resolveLenetConfig({ train_size: 40, test_size: 30, batch_size: 16, epochs: 1, lr: 1e-5, seed: 1 });
  let result: LenetResult | undefined;
  for await (const event of trainLenet(core, config, madeUpDataset(core))) if (event.type === 'finished') ({ result } = event);
  return result!;
}

/** A small classifier of MNIST's images, with its memory given back after `run`. */
async function withClassifier(core: Core, run: (model: LoadedNetwork) => Promise<string>): Promise<string> {
  const kernel = [-3, 1, 4, -1, 5].map((value) => [value / 8, -value / 16]);
  const weight = Array.from({ length: 10 }, (_, output) => Array.from({ length: 84 }, (_unused, input) => ((input * (output + 3)) % 11) / 8 - 0.625));
  const description = {
    input: [1, 28, 28],
    layers: [{ kind: 'conv2d', weight: [[kernel], [[...kernel].reverse()]], stride: 2 }, { kind: 'relu' }, { kind: 'maxPool2d', kernel: 2 }, { kind: 'linear', weight }],
  };
  const network = readNetwork(core, JSON.stringify(description), 'classifier');
  try {
    return await run({ network, description, tensors: new Map(), hash: '' });
  } finally {
    for (const parameter of network.parameters()) parameter.dispose();
  }
}

export const momentLenetCases: readonly Case[] = [
  { name: 'moments: LeNet, three steps', run: async (core) => (await shortTraining(core)).digest },
  { name: 'moments: gaussianity of a random network', run: (core) => digestOf(runGaussianity(core, resolveGaussianityConfig({ count: 60 }), { model: undefined, images: undefined })) },
  {
    name: 'moments: gaussianity of a classifier',
    run: (core) => withClassifier(core, (model) => digestOf(runGaussianity(
      core, resolveGaussianityConfig({ model: 'classifier', image: 3, count: 40, covariance: 'diagonal' }), { model, images: madeUpDataset(core).train },
    ))),
  },
  {
    name: 'moments: robustness',
    run: (core) => withClassifier(core, (model) => digestOf(runRobustness(
      core, resolveRobustnessConfig({ model: 'classifier', count: 60, levels: 4, batch_size: 25 }), { model, images: madeUpDataset(core).test },
    ))),
  },
];
