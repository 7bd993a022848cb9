import { robustnessExperiment } from '../../runs/moments-robustness.js';
import { LENET_FILE } from '../../runs/lenet-folder.js';
import { point } from '../experiment.js';
import { momentExperiment } from './moments.js';

export const robustness = momentExperiment(robustnessExperiment, {
  title: 'Moments: robustness',
  sentence: 'What part of a classifier’s answers survives Gaussian noise, level by level.',
  presets: [
    { name: 'The library’s default', sentence: '10,000 test images at 30 levels; many minutes. Train LeNet and offer its network here, or add a network file to your own data.', values: { model: LENET_FILE } },
    { name: 'One minute', sentence: '300 test images at 11 levels, of the LeNet that you have trained and offered.', values: { model: LENET_FILE, count: 300, levels: 11 } },
  ],
  panels: () => [{
    id: 'agreement', kind: 'curves', title: 'Answers that stay', x: 'noise, part of the inputs’ range', y: 'part of the answers', marked: true,
    description: 'Part of the classifier’s answers that noise leaves as they are, by its level.',
  }],
  *showRow({ sigma, agreement }) {
    yield point('agreement', 'answers that stay', sigma, agreement);
  },
  figures: ({ rows, further }) => [
    { name: 'Robustness: area under the curve', value: (further[0]!.rows[0]!.robustness as number).toPrecision(4) },
    { name: `Answers that stay at ${rows.at(-1)!.sigma}`, value: rows.at(-1)!.agreement.toPrecision(4) },
  ],
});
