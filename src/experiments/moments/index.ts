export { covarianceFields, COVARIANCE_COLUMNS, resolveCovarianceConfig, runCovariance, type CovarianceConfig, type CovarianceRow } from './covariance.js';
export type { Column, Duration, MomentEvent, MomentResult, TableRow } from './events.js';
export { resolveTightnessConfig, runTightness, tightnessFields, TIGHTNESS_COLUMNS, type TightnessConfig, type TightnessRow } from './tightness.js';
