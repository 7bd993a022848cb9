import { constrainedFields, CONSTRAINED_COLUMNS, resolveConstrainedConfig, runConstrained, type ConstrainedConfig, type ConstrainedRow } from '../experiments/moments/index.js';
import { lineFigure } from '../figures/index.js';
import type { MomentExperiment } from './moment-experiment.js';

function draw(rows: readonly ConstrainedRow[], { layers, dim, count }: ConstrainedConfig): string {
  const series = ([['two-stage', 'two_stage_error'], ['Monte Carlo, as many samples as features', 'monte_carlo_error'], ["referee's standard error", 'referee_error']] as const)
    .map(([name, column]) => ({ name, dots: true, points: rows.map((row) => ({ x: row.dims, y: row[column] })) }));
  return lineFigure({
    title: 'Variance at equal cost',
    description: `Errors of the output variances against ${count} samples: two-stage linearisation, and Monte Carlo of as many passes; ${layers} layers of ${dim}.`,
    panels: [{ title: 'Variance at equal cost', x: { label: 'Number of dimensions', scale: 'log' }, y: { label: 'Mean absolute error', scale: 'log' }, series }],
    panelWidth: 520, panelHeight: 340,
  });
}

/** `isolab moments constrained` */
export const constrainedExperiment: MomentExperiment<ConstrainedConfig, ConstrainedRow> = {
  name: 'constrained', description: 'output variances by two-stage linearisation and by Monte Carlo of equal cost',
  fields: constrainedFields, resolve: resolveConstrainedConfig, run: runConstrained, columns: CONSTRAINED_COLUMNS, draw,
};
