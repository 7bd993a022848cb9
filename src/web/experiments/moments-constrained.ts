import { constrainedExperiment } from '../../runs/moments-constrained.js';
import { point } from '../experiment.js';
import { momentExperiment } from './moments.js';

export const constrained = momentExperiment(constrainedExperiment, {
  title: 'Moments: equal cost',
  sentence: 'Output variances by two-stage linearisation, and by Monte Carlo with as many passes as that costs.',
  presets: [
    { name: 'The notebook’s default', sentence: 'Up to 1024 features; some minutes.', values: {} },
    { name: 'One minute', sentence: 'Up to 64 features.', values: { largest: 64 } },
  ],
  panels: () => [{
    id: 'errors', kind: 'curves', title: 'Errors of the variances', x: 'features', y: 'mean absolute error', logarithmic: true, marked: true,
    description: 'Mean absolute error of the output variances at equal cost, by the number of features.',
  }],
  *showRow({ dims, two_stage_error, monte_carlo_error, referee_error }) {
    yield point('errors', 'two-stage', dims, two_stage_error);
    yield point('errors', 'Monte Carlo, as many samples as features', dims, monte_carlo_error);
    yield point('errors', 'standard error of the referee', dims, referee_error);
  },
  figures: ({ rows }) => [
    { name: 'Largest input: two-stage error', value: rows.at(-1)!.two_stage_error.toPrecision(4) }, { name: 'Largest input: Monte Carlo error', value: rows.at(-1)!.monte_carlo_error.toPrecision(4) },
  ],
});
