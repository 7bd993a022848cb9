// Parallel text and its batches: apart from the image datasets, so that a page without them does not load them.
export { PARALLEL_FORMATS, readParallelText, type NamedFile, type ParallelFormat, type ParallelOptions, type ParallelReport, type ParallelText, type SentencePair } from './parallel.js';
export { bucketedBatches, collate, orderedPairBatches, shuffledPairBatches, splitPairs, type BucketOptions, type PaddedBatch } from './parallel-batches.js';
