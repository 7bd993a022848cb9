export { alignmentFields, resolveAlignmentConfig, studentSeedOf, type AlignmentConfig } from './config.js';
export type { AlignmentEvent, AlignmentResult, MetricsRow } from './events.js';
export { runAlignment, type AlignmentRunOptions } from './run.js';
