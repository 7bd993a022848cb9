import { LENET_FILE } from '../../runs/lenet-folder.js';
import { gaussianityExperiment } from '../../runs/moments-gaussianity.js';
import { point } from '../experiment.js';
import { momentExperiment } from './moments.js';

export const gaussianity = momentExperiment(gaussianityExperiment, {
  title: 'Moments: Gaussianity',
  sentence: 'How Gaussian every unit of every layer is when the input is Gaussian.',
  presets: [
    { name: 'The library’s default', sentence: 'A random network that widens from 1 to 500 units.', values: {} },
    { name: 'One minute', sentence: 'The same with 400 samples.', values: { count: 400 } },
    { name: 'LeNet about a digit', sentence: 'The LeNet that you have trained and offered, about the first training image.', values: { model: LENET_FILE, image: 0, count: 400 } },
  ],
  panels: () => [{
    id: 'fits', kind: 'curves', title: 'Units by how well a Gaussian fits them', x: 'fit', y: 'part of the units', marked: true,
    description: 'For each layer, the part of its units whose distribution a Gaussian fits so well.',
  }],
  *showResult({ rows, further }) {
    for (const { layer, from, to, units } of further[0]!.rows as unknown as { layer: number; from: number; to: number; units: number }[]) {
      const row = rows.find((each) => each.layer === layer)!;
      yield point('fits', `${layer} ${row.kind}`, (from + to) / 2, units / row.units);
    }
  },
  figures: ({ rows }) => rows.map(({ layer, kind, mean_fit }) => ({ name: `Layer ${layer}, ${kind}: mean fit`, value: `${(100 * mean_fit).toFixed(1)}%` })),
});
