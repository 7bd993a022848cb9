export { constrainedFields, CONSTRAINED_COLUMNS, resolveConstrainedConfig, runConstrained, type ConstrainedConfig, type ConstrainedRow } from './constrained.js';
export { covarianceFields, COVARIANCE_COLUMNS, resolveCovarianceConfig, runCovariance, type CovarianceConfig, type CovarianceRow } from './covariance.js';
export type { Column, Duration, MomentEvent, MomentResult, TableRow } from './events.js';
export { profileFields, PROFILE_COLUMNS, resolveProfileConfig, runProfile, WAY_NAMES, type ProfileConfig, type ProfileRow } from './profile.js';
export { propagate, PROPAGATION_METHODS, type Propagated, type PropagationInput, type PropagationMethod, type PropagationOptions } from './propagate.js';
export { resolveTightnessConfig, runTightness, tightnessFields, TIGHTNESS_COLUMNS, type TightnessConfig, type TightnessRow } from './tightness.js';
