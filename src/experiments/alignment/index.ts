export { alignmentFields, resolveAlignmentConfig, studentSeedOf, type AlignmentConfig } from './config.js';
export { requireAuditSize } from './data.js';
export type { AlignmentEvent, AlignmentResult, MetricsRow } from './events.js';
export { NoiseImages } from './noise-images.js';
export {
  alignmentRunId, alignmentSeedFolder, controlColumns, METRICS_COLUMNS, metricsRows, perRunColumns, sharedIdentity, summarizeOverall, summarizeSeed,
  type ControlColumns,
} from './record.js';
export { runAlignment, type AlignmentRunOptions } from './run.js';
