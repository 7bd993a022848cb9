import type { NamedArray } from '../../nn/index.js';
import type { Side } from './corpus.js';

/** What is measured after an epoch. */
export interface EpochRow {
  epoch: number;
  /** Steps done since the beginning. */
  steps: number;
  /** exp of the mean of the batches' losses while training, dropout on. */
  train_perplexity: number;
  /** exp of the mean of the held-out batches' losses. */
  test_perplexity: number;
}

export interface TranslationResult {
  rows: EpochRow[];
  /** The epoch whose parameters these are: the last, or the best one with early stopping. */
  epoch: number;
  /** Parameters by PyTorch's names. */
  parameters: Map<string, NamedArray>;
  /** SHA-256 over tokenizers, parameters and rows. */
  digest: string;
}

export type TranslationEvent =
  | { type: 'tokenizer'; side: Side; note: string }
  /** Both tokenizers' .model files. */
  | { type: 'tokenizers'; source: Uint8Array; target: Uint8Array }
  | {
    type: 'started'; trainPairs: number; testPairs: number; leftOut: number; parameterCount: number; vocabularies: { source: number; target: number };
    totalSteps: number; resumedAt: number;
  }
  /** `loss`: mean over this epoch's batches so far. */
  | { type: 'progress'; epoch: number; epochs: number; batch: number; batches: number; perplexity: number; done: number; totalSteps: number }
  | { type: 'row'; table: 'epochs'; row: EpochRow }
  | { type: 'checkpoint'; done: number; bytes: Uint8Array }
  | { type: 'finished'; result: TranslationResult };
