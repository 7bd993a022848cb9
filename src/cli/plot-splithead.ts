// Figures of the split-head experiment: accuracies before and after training, and how far each layer turned.
import { ConfigurationError } from '../experiments/configuration.js';
import { bootstrapMean, drawFigure, lineFigure, scatterPanel, type LinePanelSpec, type Point, type ScatterSeries } from '../figures/index.js';
import type { Files } from '../runtime/runtime.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { meanSeries } from './plot-seeds.js';
import { readColumns, type TableRow } from './plot-table.js';

const MODELS = ['teacher', 'student'] as const;
type Model = (typeof MODELS)[number];

const ACCURACIES = ['teacher_init_acc', 'teacher_final_acc', 'student_init_acc', 'student_final_acc', 'num_classes'] as const;
type RunRow = TableRow<(typeof ACCURACIES)[number], 'run_id'>;
type LayerRow = TableRow<'cosine', 'comparison' | 'layer_name' | 'tensor_kind'>;

const RUNS = /^seed_\d+\/runs\.csv$/;
const LAYERS = /^seed_\d+\/layer_metrics\.csv$/;

async function readAll<Row>(listing: readonly string[], pattern: RegExp, read: (path: string) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of listing) if (pattern.test(path)) rows.push(...(await read(path)));
  return rows;
}

function accuracyPanel(runs: readonly RunRow[], model: Model): LinePanelSpec {
  const curves = runs.map((run) => ({ seed: run.run_id, points: [{ x: 0, y: run[`${model}_init_acc`] }, { x: 1, y: run[`${model}_final_acc`] }] }));
  const classes = new Set(runs.map((run) => run.num_classes));
  const [count] = classes;
  const references = classes.size === 1 && count! > 0 ? [{ y: 1 / count!, name: 'chance' }] : [];
  const mean = meanSeries(curves);
  const series = runs.length === 1 ? mean : { ...mean, name: `mean of ${runs.length} runs, 95% band`, individualsName: 'single runs' };
  return {
    title: model === 'teacher' ? 'Teacher' : 'Student',
    x: { label: '', categories: ['before training', 'after training'] },
    y: { label: 'Test accuracy', domain: [0, 1] },
    series: [{ ...series, dots: true }],
    references,
  };
}

function drawAccuracy(runs: readonly RunRow[]): string {
  return lineFigure({
    title: 'Test accuracy before and after training',
    description: `Test accuracy of teacher and student before and after training, over ${runs.length} runs; the dashed line is chance level.`,
    panelWidth: 340,
    panels: MODELS.map((model) => accuracyPanel(runs, model)),
  });
}

/** Beside one another, so that teacher and student of a layer can both be seen. */
const OFFSET: Record<Model, number> = { teacher: -0.13, student: 0.13 };

function layerSeries(rows: readonly LayerRow[], layers: readonly string[], model: Model): ScatterSeries[] {
  const own = rows.filter(({ comparison, cosine }) => comparison === `${model}_init_final` && !Number.isNaN(cosine));
  const at = (layer: string) => layers.indexOf(layer) + OFFSET[model];
  const means = layers.flatMap((layer): Point[] => {
    const cosines = own.filter(({ layer_name }) => layer_name === layer).map(({ cosine }) => cosine);
    const { mean, low, high } = bootstrapMean(cosines);
    return cosines.length === 0 ? [] : [cosines.length === 1 ? { x: at(layer), y: mean } : { x: at(layer), y: mean, low, high }];
  });
  const color = MODELS.indexOf(model);
  const shape = model === 'teacher' ? 'circle' : 'triangle';
  const single = own.map(({ layer_name, cosine }) => ({ x: at(layer_name) + 0.09 * Math.sign(OFFSET[model]), y: cosine }));
  const isMany = own.length > means.length;
  const faint: ScatterSeries[] = isMany ? [{ name: `${model}, single runs`, points: single, color, shape, faint: true }] : [];
  return [...faint, { name: isMany ? `${model}, mean and 95% interval` : model, points: means, color, shape }];
}

function drawLayers(all: readonly LayerRow[]): string {
  const rows = all.filter(({ tensor_kind }) => tensor_kind === 'weight');
  const layers = [...new Set(rows.map(({ layer_name }) => layer_name))];
  const panel = scatterPanel({
    title: 'How far training turned each layer',
    x: { label: 'Layer', categories: layers },
    y: { label: 'Cosine to the initial weights' },
    series: MODELS.flatMap((model) => layerSeries(rows, layers, model)),
  });
  return drawFigure({
    title: 'Cosine to the initial weights',
    description: "Cosine between each layer's weights before and after training, of teacher and student.",
    panelWidth: Math.max(480, 90 * layers.length),
    panelHeight: 340,
    panels: [panel],
  });
}

/** Folders `seed_000042/` with `runs.csv` and `layer_metrics.csv`. */
export const splitHeadPlots: PlotKind = {
  name: 'splithead',
  expects: 'seed_*/runs.csv',
  recognizes: (listing) => listing.some((path) => RUNS.test(path)),
  draw: async (files: Files, folder, listing): Promise<Drawing[]> => {
    const runs = await readAll(listing, RUNS, (path) => readColumns(files, `${folder}/${path}`, { numbers: ACCURACIES, texts: ['run_id'] }));
    const layers = await readAll(listing, LAYERS, (path) =>
      readColumns(files, `${folder}/${path}`, { numbers: ['cosine'], texts: ['comparison', 'layer_name', 'tensor_kind'] }));
    if (runs.length === 0) throw new ConfigurationError(`plot ${folder}: expected rows in seed_*/runs.csv, got none`);
    const accuracy = { name: 'accuracy.svg', svg: drawAccuracy(runs) };
    return layers.length === 0 ? [accuracy] : [accuracy, { name: 'layers.svg', svg: drawLayers(layers) }];
  },
};
