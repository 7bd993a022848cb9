import { covarianceExperiment } from '../../runs/moments-covariance.js';
import { point } from '../experiment.js';
import { momentExperiment } from './moments.js';

const VARIANTS = ['copy', 'copy and replace', 'neither', 'replace', 'exact'];

export const covariance = momentExperiment(covarianceExperiment, {
  title: 'Moments: covariance of ReLU',
  sentence: 'Four makeshifts for the covariance behind a ReLU and the exact formula, judged by Monte Carlo.',
  presets: [
    { name: 'The notebook’s default', sentence: '100 features, 100,000 samples.', values: {} },
    { name: 'One minute', sentence: '40 features, 50,000 samples.', values: { n: 40, count: 50_000 } },
  ],
  panels: () => [{
    id: 'errors', kind: 'curves', title: `Errors: ${VARIANTS.map((name, index) => `${index + 1} ${name}`).join(', ')}`, x: 'method', whole: true, y: 'mean absolute error', logarithmic: true, marked: true,
    description: 'Mean absolute error of each method’s covariance against Monte Carlo: all entries, and the variances alone.',
  }],
  *showRow({ variant, error, variance_error, referee_error }) {
    const place = VARIANTS.indexOf(variant) + 1;
    yield point('errors', 'all entries', place, error);
    yield point('errors', 'variances', place, variance_error);
    yield point('errors', 'standard error of Monte Carlo', place, referee_error);
  },
  figures: ({ rows }) => rows.map(({ variant, error }) => ({ name: `Error of ${variant}`, value: error.toPrecision(4) })),
});
