import { resolveTightnessConfig, runTightness, tightnessFields, TIGHTNESS_COLUMNS, type TightnessConfig, type TightnessRow } from '../experiments/moments/index.js';
import { lineFigure, type LinePanelSpec } from '../figures/index.js';
import type { MomentExperiment } from './moment-experiment.js';
import { formatTable } from '../outputs/index.js';

const methodsOf = (rows: readonly TightnessRow[]) => [...new Set(rows.map(({ method }) => method))];
const sigmasOf = (rows: readonly TightnessRow[]) => [...new Set(rows.map(({ sigma }) => sigma))];

type Quantity = 'mean_error' | 'variance_error';
const REFEREES = { mean_error: 'referee_mean_error', variance_error: 'referee_variance_error' } as const;
const REFEREE = "referee's standard error";

function panel(title: string, quantity: Quantity, rows: readonly TightnessRow[]): LinePanelSpec {
  const methods = methodsOf(rows).map((method) => ({
    name: method, dots: true, points: rows.filter((row) => row.method === method).map((row) => ({ x: row.sigma, y: row[quantity] })),
  }));
  const first = rows.filter(({ method }) => method === rows[0]!.method);
  const referee = { name: REFEREE, points: first.map((row) => ({ x: row.sigma, y: row[REFEREES[quantity]] })) };
  return { title, x: { label: 'Sigma' }, y: { label: 'Mean absolute error', scale: 'log' }, series: [...methods, referee] };
}

function draw(rows: readonly TightnessRow[], { num_layers, dims, samples_count }: TightnessConfig): string {
  return lineFigure({
    title: 'Tightness of moments through a network',
    description: `Errors of output mean and variance against ${samples_count} samples; ${num_layers} layers of ${dims}.`,
    panels: [panel('Mean errors', 'mean_error', rows), panel('Variance errors', 'variance_error', rows)],
    panelHeight: 340,
  });
}

/** One table for each quantity: sigmas down, methods across. */
function print(rows: readonly TightnessRow[]): string {
  const tables = (['mean_error', 'variance_error'] as const).map((quantity) => {
    const columns = [{ name: 'sigma', kind: 'whole' as const }, ...[...methodsOf(rows), REFEREE].map((name) => ({ name, kind: 'float' as const }))];
    const lines = sigmasOf(rows).map((sigma) => {
      const at = rows.filter((row) => row.sigma === sigma);
      return { sigma, ...Object.fromEntries(at.map((row) => [row.method, row[quantity]])), [REFEREE]: at[0]![REFEREES[quantity]] };
    });
    return `${quantity.replace('_', ' ')}\n${formatTable(columns, lines)}`;
  });
  return tables.join('');
}

/** `isolab moments tightness` */
export const tightnessExperiment: MomentExperiment<TightnessConfig, TightnessRow> = {
  name: 'tightness', description: 'errors of ADF, two-stage and one-stage linearisation against Monte Carlo as the input widens',
  fields: tightnessFields, resolve: resolveTightnessConfig, run: runTightness, columns: TIGHTNESS_COLUMNS, print, draw,
};
