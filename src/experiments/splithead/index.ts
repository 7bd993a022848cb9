export { resolveSplitHeadConfig, splitHeadFields, type SplitHeadConfig } from './config.js';
export type { ModelDescription, Phase, SplitHeadEvent, SplitHeadMetrics, SplitHeadResult } from './events.js';
export type { LayerMetrics, Snapshot } from './layer-metrics.js';
export { mlpLayers } from '../network.js';
export { initializeModel, SplitHeadModel } from './model.js';
export { sampleNoise } from './noise.js';
export { parsePerturbation } from './perturbation.js';
export { baseClassCount, planSplitHead, type SplitHeadPlan } from './plan.js';
export {
  configurationRecord, layerMetricRows, perturbationRows, runRow, seedFolder, splitHeadRunId, type RecordContext,
} from './record.js';
export { recordedSeeds } from './seeds.js';
export { noiseOptions } from './training.js';
export { runSplitHead, type SplitHeadRunOptions } from './run.js';
export { readSpecification } from '../specification.js';
