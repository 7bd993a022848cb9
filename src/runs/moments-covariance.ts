import { covarianceFields, COVARIANCE_COLUMNS, resolveCovarianceConfig, runCovariance, type CovarianceConfig, type CovarianceRow } from '../experiments/moments/index.js';
import { scatterFigure } from '../figures/index.js';
import type { MomentExperiment } from './moment-experiment.js';

function draw(rows: readonly CovarianceRow[], { n, sigma, count }: CovarianceConfig): string {
  return scatterFigure({
    title: 'Covariance of ReLU',
    description: `Mean absolute error of ReLU's output covariance against ${count} samples: ${n} features, means and covariance of sigma ${sigma}.`,
    panels: [{
      title: "Error of ReLU's output covariance",
      x: { label: 'Method', categories: rows.map(({ variant }) => variant) },
      y: { label: 'Mean absolute error', scale: 'log' },
      series: [
        { name: 'all entries', points: rows.map(({ error }, x) => ({ x, y: error })) },
        { name: 'variances', points: rows.map(({ variance_error }, x) => ({ x, y: variance_error })) },
      ],
      references: [{ name: "referee's standard error", y: rows[0]!.referee_error }],
    }],
    panelWidth: 520, panelHeight: 340,
  });
}

/** `isolab moments covariance` */
export const covarianceExperiment: MomentExperiment<CovarianceConfig, CovarianceRow> = {
  name: 'covariance', description: "ReLU's output covariance: copied, replaced, by the zero-mean formula and exact, against Monte Carlo",
  fields: covarianceFields, resolve: resolveCovarianceConfig, run: runCovariance, columns: COVARIANCE_COLUMNS, draw,
};
