// What SentencePiece's own programs made (test/reference/tokenizer_cases.py).
import { readFileSync } from 'node:fs';
import { readModelFile, writeModelFile } from '../../src/text/model-file.js';
import { compiledNormalization, type NormalizationName } from '../../src/text/normalization-rules.js';
import type { TrainerOptions } from '../../src/text/index.js';

type Text = string | { hex: string };
export type Row = [text: Text, ids: number[], pieces: string[], fromIds: string, fromPieces: string, nBest?: [ids: number[], score: number | null][]];

export interface RecordedModel {
  options: TrainerOptions;
  sha256: string;
  bare: string;
  vocabulary: string;
  ids: [unk: number, bos: number, eos: number, pad: number];
  results: Row[];
}

export interface Fixture {
  corpus: string[];
  /** A model written by hand, whose scores tie. */
  ties: { model: string; results: Row[] };
  charsmaps: Record<Exclude<NormalizationName, 'identity'>, string>;
  models: Record<string, RecordedModel>;
  sixDigits: [number, string][];
  digammas: [number, number][];
}

export const fixture: Fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/tokenizer.json', import.meta.url), 'utf8'));

export const inputOf = (text: Text): string | Uint8Array => (typeof text === 'string' ? text : new Uint8Array(Buffer.from(text.hex, 'hex')));

/** The recorded model as it was, its normalisation map put back. */
export function modelBytes({ bare, options }: RecordedModel): Uint8Array {
  const model = readModelFile(new Uint8Array(Buffer.from(bare, 'base64')));
  const rule = options.normalizationRuleName ?? 'nmt_nfkc';
  // The map of identity is empty, and that model is recorded whole.
  return writeModelFile(rule === 'identity' ? model : { ...model, normalizer: { ...model.normalizer, precompiledCharsmap: compiledNormalization(rule) } });
}
