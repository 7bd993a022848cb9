// One line for each file, in alphabetical order.
export { reluZeroMeanCovariance } from './activations-relu.js';
export { activationMoments, type ActivationMoments } from './activations.js';
export { adf, adfJoint } from './adf.js';
export { affineCovariance, affineMarginals, affineMean, affineVariance, type Uncertainty } from './affine.js';
export { cauchy, type CauchyMarginals } from './cauchy.js';
export { COVARIANCE_TOLERANCE, requireCovariance } from './covariance-check.js';
export { diagonal, withDiagonal } from './diagonal.js';
export type { Joint, Marginals } from './distribution.js';
export { firstLayerLoss, firstLayerMean } from './first-layer.js';
export { fitGaussian, gaussianity, type FitOptions, type GaussianFit } from './gaussianity.js';
export { differential, directionalDerivatives, jacobian, jacobianByTape, linearize } from './jacobian.js';
export { activationLayer } from './layers-activation.js';
export { averagePool2dLayer, conv2dLayer, flattenLayer, linearLayer, type Conv2dOptions } from './layers-affine.js';
export { maxPool2dLayer } from './layers-max-pool.js';
export { residualLayer } from './layers-residual.js';
export type { Carried, Layer as MomentLayer } from './layers.js';
export { adfLinearized, oneStage, twoStage, type Derivative, type StageOptions, type TwoStageOptions } from './linearization.js';
export { maxJoint, maxMarginals } from './max.js';
export { readNetwork } from './model-file.js';
export { NormalSampler, RunningMoments, type MomentEstimate } from './monte-carlo.js';
export { MomentNetwork } from './network.js';
export { bivariateNormal, normalDensity, normalDistribution } from './normal.js';
export { hermiteRule, quadratureMoments, type HermiteRule } from './quadrature.js';
export { definite, ring, type DefiniteOptions, type RingOptions } from './random-matrices.js';
export { gaussianRobustness, inputRange, robustnessLevels, type Robustness, type RobustnessLevel, type RobustnessOptions } from './robustness.js';
export { sqrtm } from './square-root.js';
export {
  area, ascending, histogram, histogramBins, hypothesisTest, interpolated, interquartileRange, kurtosisTest, pdfSimilarity, percentile, skewnessTest, type Curve,
  type TestResult,
} from './statistics.js';
export { expectedSquaredError, gaussianNegativeLogLikelihood } from './training.js';
