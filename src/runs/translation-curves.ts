// Learning curves of translators: perplexity by epoch, in training and on held-out pairs.
import type { EpochRow } from '../experiments/translation/index.js';
import { lineFigure, type LineSeries } from '../figures/index.js';

type Row = Pick<EpochRow, 'epoch' | 'train_perplexity' | 'test_perplexity'>;

export interface LearningCurve {
  name: string;
  rows: readonly Row[];
}

/** One figure of all curves: training dashed where there are several. */
export function drawLearningCurves(curves: readonly LearningCurve[]): string {
  const one = (name: string, rows: readonly Row[], column: 'train_perplexity' | 'test_perplexity'): LineSeries =>
    ({ name, points: rows.map((row) => ({ x: row.epoch, y: row[column] })) });
  const series = curves.flatMap(({ name, rows }) => {
    const label = (part: string) => (curves.length === 1 ? part : `${name}, ${part}`);
    return [one(label('training'), rows, 'train_perplexity'), one(label('held out'), rows, 'test_perplexity')];
  });
  return lineFigure({
    title: 'Perplexity',
    description: 'Perplexity by epoch: in training (with dropout), and on held-out pairs.',
    panels: [{ title: 'Perplexity by epoch', x: { label: 'Epoch' }, y: { label: 'Perplexity', scale: 'log' }, series }],
  });
}
