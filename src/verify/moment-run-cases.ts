// A short run of every experiment on Gaussian moments.
import type { Core } from '../core/index.js';
import {
  resolveConstrainedConfig, resolveCovarianceConfig, resolveProfileConfig, resolveTightnessConfig, runConstrained, runCovariance, runProfile, runTightness,
  type MomentEvent, type TableRow,
} from '../experiments/moments/index.js';
import type { Case } from './operation-cases.js';

function runCase<R extends TableRow>(name: string, run: (core: Core) => AsyncIterable<MomentEvent<R>>): Case {
  return {
    name: `moments run: ${name}`,
    run: async (core) => {
      let digest: string | undefined;
      for await (const event of run(core)) if (event.type === 'finished') ({ digest } = event.result);
      return digest!;
    },
  };
}

export const momentRunCases: readonly Case[] = [
  runCase('profile', (core) => runProfile(core, resolveProfileConfig({ dims: [4, 9], dim: 20, layers: 3, trials: 1 }), () => 0)),
  runCase('covariance', (core) => runCovariance(core, resolveCovarianceConfig({ n: 12, count: 2000 }))),
  runCase('tightness', (core) => runTightness(core, resolveTightnessConfig({ sigmas: [1, 5], dims: 3, networks: 2, samples_count: 3000 }))),
  runCase('constrained', (core) => runConstrained(core, resolveConstrainedConfig({ largest: 16, dim: 20, count: 600, repeats: 2, relu: 'exact' }))),
];
