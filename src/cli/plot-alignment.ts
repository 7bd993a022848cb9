// Figures of the alignment experiment: losses, the gradients' cosine and the student's accuracy over training.
import { ConfigurationError } from '../experiments/configuration.js';
import { drawFigure, lineFigure, scatterPanel, type AxisSpec, type LinePanelSpec } from '../figures/index.js';
import type { Files } from '../runtime/runtime.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { meanOf, meanSeries, orderedPoints, type SeedCurve } from './plot-seeds.js';
import { readColumns } from './plot-table.js';

const COLUMNS = ['step', 'trait_loss', 'distill_loss', 'inner_product', 'cosine_similarity', 'trait_test_acc_step', 'teacher_test_acc', 'student_test_acc'] as const;
type Column = (typeof COLUMNS)[number];
type Rows = readonly Record<Column, number>[];

interface SeedRows {
  seed: string;
  rows: Rows;
}

const METRICS = /^(seed_\d+)\/metrics\.csv$/;
const STEP: AxisSpec = { label: 'Step' };
const ACCURACY: AxisSpec = { label: 'Test accuracy', domain: [0, 1] };
/** Ten classes. */
const CHANCE = { y: 0.1, name: 'chance' };

async function readSeeds(files: Files, folder: string, listing: readonly string[]): Promise<SeedRows[]> {
  const seeds: SeedRows[] = [];
  for (const path of listing) {
    const seed = METRICS.exec(path)?.[1];
    if (seed !== undefined) seeds.push({ seed, rows: await readColumns(files, `${folder}/${path}`, { numbers: COLUMNS }) });
  }
  const begun = seeds.filter(({ rows }) => rows.some(({ step }) => !Number.isNaN(step)));
  if (begun.length === 0) throw new ConfigurationError(`plot ${folder}: expected rows in seed_*/metrics.csv, got none`);
  return begun;
}

function curvesOf(seeds: readonly SeedRows[], column: Column): SeedCurve[] {
  return seeds.map(({ seed, rows }) => ({ seed, points: orderedPoints(rows.map((row) => ({ x: row.step, y: row[column] }))) }));
}

function present(curve: SeedCurve): number[] {
  return curve.points.map(({ y }) => y).filter((y) => !Number.isNaN(y));
}

/** Logarithmic where losses are positive and span more than a factor of 100. */
function lossScale(curves: readonly SeedCurve[]): 'linear' | 'log' {
  const losses = curves.flatMap(present);
  const [least, most] = [losses.reduce((a, b) => Math.min(a, b), Infinity), losses.reduce((a, b) => Math.max(a, b), 0)];
  return least > 0 && most > 100 * least ? 'log' : 'linear';
}

function lossPanel(seeds: readonly SeedRows[], title: string, label: string, column: Column): LinePanelSpec {
  const curves = curvesOf(seeds, column);
  return { title, x: STEP, y: { label, scale: lossScale(curves) }, series: [meanSeries(curves)] };
}

function drawLosses(seeds: readonly SeedRows[]): string {
  return lineFigure({
    title: 'Losses over training',
    description: `Trait loss and distillation loss of the student against step; ${seedWords(seeds)}.`,
    panels: [lossPanel(seeds, 'Trait loss', 'Trait loss', 'trait_loss'), lossPanel(seeds, 'Distillation loss', 'Distillation loss', 'distill_loss')],
  });
}

function drawCosine(seeds: readonly SeedRows[]): string {
  const panel = (title: string, label: string, column: Column): LinePanelSpec =>
    ({ title, x: STEP, y: { label }, series: [meanSeries(curvesOf(seeds, column))], references: [{ y: 0 }] });
  return lineFigure({
    title: 'Alignment of the gradients',
    description: `Cosine similarity and inner product of the trait gradient and the distillation gradient against step; the dashed line is zero; ${seedWords(seeds)}.`,
    panels: [panel('Cosine of trait and distillation gradient', 'Cosine similarity', 'cosine_similarity'), panel('Their inner product', 'Inner product', 'inner_product')],
  });
}

/** The last value that was measured; NaN for none. */
function lastPresent(curve: SeedCurve): number {
  return present(curve).at(-1) ?? NaN;
}

function drawAccuracy(seeds: readonly SeedRows[]): string {
  const teacher = meanOf(curvesOf(seeds, 'teacher_test_acc').map(lastPresent).filter((accuracy) => !Number.isNaN(accuracy)));
  const references = Number.isNaN(teacher) ? [CHANCE] : [CHANCE, { y: teacher, name: 'teacher, mean' }];
  return lineFigure({
    title: "The student's test accuracy over training",
    description: `Test accuracy of the student against step, with chance level and the teachers' mean accuracy as dashed lines; ${seedWords(seeds)}.`,
    panelWidth: 520,
    panelHeight: 340,
    panels: [{ title: "Student's test accuracy", x: STEP, y: ACCURACY, series: [meanSeries(curvesOf(seeds, 'trait_test_acc_step'))], references }],
  });
}

function shareAboveZero(values: readonly number[]): number {
  return values.filter((value) => value > 0).length / values.length;
}

/** Per seed: where the cosine was positive how often, what it was on average, and where the student ended. */
function drawSummary(seeds: readonly SeedRows[]): string {
  const finals = curvesOf(seeds, 'student_test_acc').map(lastPresent);
  const cosines = curvesOf(seeds, 'cosine_similarity').map(present);
  const panel = (title: string, label: string, summarize: (values: readonly number[]) => number) =>
    scatterPanel({ title, x: { label }, y: { ...ACCURACY, label: 'Final test accuracy of the student' }, series: [{ name: 'seeds', points: cosines.map((values, i) => ({ x: summarize(values), y: finals[i]! })) }] });
  return drawFigure({
    title: 'Accuracy against alignment, seed by seed',
    description: `Final test accuracy of the student against the fraction of steps with a positive cosine, and against the mean cosine; one point for each of ${seeds.length} seeds.`,
    panels: [
      panel('Accuracy and how often the cosine is positive', 'Fraction of steps with positive cosine', shareAboveZero),
      panel('Accuracy and the mean cosine', 'Mean cosine similarity', meanOf),
    ],
  });
}

function seedWords(seeds: readonly SeedRows[]): string {
  return seeds.length === 1 ? 'one seed' : `mean of ${seeds.length} seeds with a 95% bootstrap band, single seeds as faint lines`;
}

/** Folders `seed_00/metrics.csv`, ... of one alignment run. */
export const alignmentPlots: PlotKind = {
  name: 'alignment',
  expects: 'seed_*/metrics.csv',
  recognizes: (listing) => listing.some((path) => METRICS.test(path)),
  draw: async (files, folder, listing): Promise<Drawing[]> => {
    const seeds = await readSeeds(files, folder, listing);
    return [
      { name: 'losses.svg', svg: drawLosses(seeds) },
      { name: 'cosine.svg', svg: drawCosine(seeds) },
      { name: 'accuracy.svg', svg: drawAccuracy(seeds) },
      { name: 'summary.svg', svg: drawSummary(seeds) },
    ];
  },
};
