// Every rule under every attack for a step or two, and a short run of each method, on the made-up dataset.
import { Digest } from '../core/index.js';
import { METHODS, resolveByzantineConfig, runByzantine } from '../experiments/byzantine/index.js';
import { AGGREGATORS, ATTACKS, PRE_AGGREGATORS } from '../robust/index.js';
import { madeUpDataset } from './made-up.js';
import type { Case } from './operation-cases.js';

const short = { honest_size: 12, byzantine_size: 2, rounds: 2, display_interval: 3, batch_size: 3, snapshot_interval: 4 };

/** Digest of a run for each of some configurations. */
function runsCase(name: string, configurations: readonly Record<string, unknown>[]): Case {
  return {
    name,
    run: async (core) => {
      const digest = new Digest();
      const pair = madeUpDataset(core);
      for (const values of configurations) {
        const config = resolveByzantineConfig({ ...short, ...values });
        for await (const event of runByzantine(core, config, { kind: 'images', pair })) {
          if (event.type === 'finished') digest.add(`${event.result.digest} ${JSON.stringify(values)}`, []);
        }
      }
      return digest.hex();
    },
  };
}

export const byzantineCases: readonly Case[] = [
  runsCase('byzantine: every method', METHODS.flatMap((method): Record<string, unknown>[] => (method.startsWith('Central') ? [{ method, byzantine_size: 0 }] : [{ method, attack: 'max-value' }, { method, attack: 'white', momentum: 0.5, weight_decay: 0.01 }]))),
  runsCase('byzantine: every aggregator', AGGREGATORS.map(({ name }) => ({ aggregator: name, attack: 'zero-gradient', display_interval: 1 }))),
  runsCase('byzantine: every attack', ATTACKS.flatMap(({ name }) => ['gm', 'median'].map((aggregator) => ({ aggregator, attack: name, display_interval: 1 })))),
  runsCase('byzantine: every pre-aggregator, models and partitions', [
    ...PRE_AGGREGATORS.map(({ name }) => ({ aggregator: 'trimmed-mean', pre: name, attack: 'alie', display_interval: 1 })),
    { model: 'softmax', partition: 'iid', attack: 'ipm' },
    { model: 'mlp', hidden_dims: [20, 10], partition: 'sorted', attack: 'sign-flip' },
    { model: 'logistic', partition: 'dirichlet:0.3', attack: 'white', weight_decay: 0.01, gamma: 0.001 },
    { partition: 'gamma-similarity:0.5', attack: 'label-flip', aggregator: 'krum' },
  ]),
];
