// Figures of Byzantine runs: each run's curves, and the grid of final accuracies as a heat map.
import { heatMap, lineFigure, type AxisSpec, type LineSeries } from '../figures/index.js';
import type { Files } from '../runtime/runtime.js';
import type { Drawing, PlotKind } from './plot-kind.js';
import { meanOf } from './plot-seeds.js';
import { readColumns } from './plot-table.js';

const ROUNDS = /^([0-9a-f]{12})\/rounds\.csv$/;
const GRID = 'grid.csv';
const ROUND: AxisSpec = { label: 'Step' };
const NUMBERS = ['step', 'train_loss', 'validation_loss', 'validation_accuracy', 'variance'] as const;
const TEXTS = ['run_id', 'method', 'aggregator', 'pre', 'attack'] as const;
/** More curves than this are told apart by no colour. */
const MOST_CURVES = 8;

type GridCell = Record<(typeof TEXTS)[number], string> & { validation_accuracy: number };

async function readGrid(files: Files, folder: string, listing: readonly string[]): Promise<GridCell[]> {
  return listing.includes(GRID) ? readColumns(files, `${folder}/${GRID}`, { numbers: ['validation_accuracy'], texts: TEXTS }) : [];
}

const ruleOf = ({ method, aggregator, pre }: GridCell) => [method, pre, aggregator].filter((part) => part !== '').join(' ');

function drawGrid(cells: readonly GridCell[]): string {
  const rows = [...new Set(cells.map(ruleOf))];
  const columns = [...new Set(cells.map(({ attack }) => attack))];
  const values = rows.map((rule) => columns.map((attack) => meanOf(cells.filter((cell) => ruleOf(cell) === rule && cell.attack === attack).map((cell) => cell.validation_accuracy))));
  return heatMap({
    title: 'Final validation accuracy',
    description: `Validation accuracy after the last round, rules against attacks, mean over seeds; ${cells.length} runs.`,
    rows, columns, values, columnLabel: 'Attack', valueLabel: 'Validation accuracy', digits: 3, domain: [0, 1],
  });
}

interface Curve {
  name: string;
  rows: readonly Record<(typeof NUMBERS)[number], number>[];
}

async function readCurves(files: Files, folder: string, listing: readonly string[], grid: readonly GridCell[]): Promise<Curve[]> {
  const names = new Map(grid.map((cell) => [cell.run_id, `${ruleOf(cell)}, ${cell.attack}`]));
  const curves: Curve[] = [];
  for (const path of listing) {
    const run = ROUNDS.exec(path)?.[1];
    if (run !== undefined) curves.push({ name: names.get(run) ?? run, rows: await readColumns(files, `${folder}/${path}`, { numbers: NUMBERS }) });
  }
  return curves;
}

function drawCurves(curves: readonly Curve[]): string {
  const series = (column: (typeof NUMBERS)[number]): LineSeries[] => curves.map(({ name, rows }) => ({ name, points: rows.map((row) => ({ x: row.step, y: row[column] })) }));
  return lineFigure({
    title: 'Training under attack',
    description: `Validation accuracy, validation loss and the honest messages' variance against step; ${curves.length} runs.`,
    panels: [
      { title: 'Validation accuracy', x: ROUND, y: { label: 'Accuracy', domain: [0, 1] }, series: series('validation_accuracy') },
      { title: 'Validation loss', x: ROUND, y: { label: 'Loss' }, series: series('validation_loss') },
      { title: "Honest messages' variance", x: ROUND, y: { label: 'Variance', scale: 'log' }, series: series('variance') },
    ],
  });
}

/** Folders `HASH/rounds.csv` and, of a grid, `grid.csv`. */
export const byzantinePlots: PlotKind = {
  name: 'byzantine',
  expects: 'HASH/rounds.csv',
  recognizes: (listing) => listing.some((path) => ROUNDS.test(path)),
  draw: async (files, folder, listing): Promise<Drawing[]> => {
    const grid = await readGrid(files, folder, listing);
    const curves = await readCurves(files, folder, listing, grid);
    const drawings: Drawing[] = [];
    for (let start = 0, figure = 1; start < curves.length; start += MOST_CURVES, figure++) {
      const name = curves.length <= MOST_CURVES ? 'curves.svg' : `curves_${figure}.svg`;
      drawings.push({ name, svg: drawCurves(curves.slice(start, start + MOST_CURVES)) });
    }
    return grid.length === 0 ? drawings : [{ name: 'grid.svg', svg: drawGrid(grid) }, ...drawings];
  },
};
