// `isolab plot` of translation runs: their learning curves in one figure.
import type { Files } from '../runtime/runtime.js';
import { drawLearningCurves, type LearningCurve } from '../runs/translation-curves.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { readColumns } from './plot-table.js';

const EPOCHS = /^(?:([0-9a-f]{12})\/)?epochs\.csv$/;
const MODEL = /^(?:[0-9a-f]{12}\/)?translation\.json$/;

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
