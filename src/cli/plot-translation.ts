// Learning curves of translators: perplexity by epoch, in training and on held-out pairs.
import type { EpochRow } from '../experiments/translation/index.js';
import { lineFigure, type LineSeries } from '../figures/index.js';
import type { Files } from '../runtime/runtime.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { readColumns } from './plot-table.js';

const EPOCHS = /^(?:([0-9a-f]{12})\/)?epochs\.csv$/;
const MODEL = /^(?:[0-9a-f]{12}\/)?translation\.json$/;

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

/** Folders `translation.json` with `epochs.csv`, or `HASH/` of them. */
export const translationPlots: PlotKind = {
  name: 'translation',
  expects: 'translation.json and epochs.csv',
  recognizes: (listing) => listing.some((path) => MODEL.test(path)),
  draw: async (files: Files, folder, listing): Promise<Drawing[]> => {
    const curves: LearningCurve[] = [];
    for (const path of listing) {
      if (!EPOCHS.test(path)) continue;
      const rows = await readColumns(files, `${folder}/${path}`, { numbers: ['epoch', 'train_perplexity', 'test_perplexity'] });
      curves.push({ name: EPOCHS.exec(path)![1] ?? folder.split('/').at(-1)!, rows });
    }
    return [{ name: 'curves.svg', svg: drawLearningCurves(curves) }];
  },
};
