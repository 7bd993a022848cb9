export { byzantineFields, METHODS, resolveByzantineConfig, type ByzantineConfig, type MethodName } from './config.js';
export { dataHashOf, type ByzantineData } from './datasets.js';
export type { ByzantineEvent, ByzantineResult, RoundRow } from './events.js';
export type { MessagePlane } from './message-plane.js';
export { PARTITIONS, partitionSamples } from './partition.js';
export { byzantineRunId, GRID_COLUMNS, gridRow, ROUND_COLUMNS, type GridRow } from './record.js';
export { SeededSampling, type Sampling } from './sampling.js';
export { runByzantine, type ByzantineRunOptions } from './run.js';
