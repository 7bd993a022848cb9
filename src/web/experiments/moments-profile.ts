import { profileExperiment } from '../../runs/moments-profile.js';
import { point } from '../experiment.js';
import { momentExperiment } from './moments.js';

export const profile = momentExperiment(profileExperiment, {
  title: 'Moments: profile',
  sentence: 'How long a linearised network’s covariance takes: by its Jacobian, by a trick of finite differences, by a Jacobian known before.',
  presets: [
    { name: 'The notebook’s default', sentence: 'Ten layers of 1000; some minutes.', values: {} },
    { name: 'One minute', sentence: 'Six layers of 300, up to 128 features.', values: { dims: [16, 32, 64, 128], dim: 300, layers: 6, trials: 3 } },
  ],
  panels: () => [
    { id: 'seconds', kind: 'curves', title: 'Seconds', description: 'Seconds that each way takes, by the number of features.', x: 'features', y: 'seconds', logarithmic: true, marked: true },
    { id: 'difference', kind: 'curves', title: 'Difference from the Jacobian’s', description: 'Relative difference of the other two ways’ covariances, by the number of features.', x: 'features', y: 'relative difference', marked: true },
  ],
  *showDuration({ part, seconds }) {
    const comma = part.lastIndexOf(', ');
    yield point('seconds', part.slice(0, comma), Number(part.slice(comma + 2)), seconds);
  },
  *showRow({ dims, trick_difference, cache_difference }) {
    yield point('difference', 'Trick', dims, trick_difference);
    yield point('difference', 'Cache', dims, cache_difference);
  },
  figures: ({ rows }) => [{ name: 'Largest difference of the trick', value: Math.max(...rows.map(({ trick_difference }) => trick_difference)).toPrecision(3) }],
});
