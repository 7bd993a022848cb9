// test/reference/fixtures/sacrebleu.json, made by test/reference/sacrebleu_scores.py with sacreBLEU 2.6.0.
import { readFileSync } from 'node:fs';
import type { References } from '../../src/text/metric-references.js';
import { VERSION } from '../../src/version.js';

export interface BleuCase {
  options: Record<string, never>;
  score: number;
  counts: number[];
  totals: number[];
  precisions: number[];
  bp: number;
  sys_len: number;
  ref_len: number;
  signature: string;
}

export interface ChrfCase {
  options: Record<string, never>;
  name: string;
  score: number;
  hypothesis: number[];
  reference: number[];
  match: number[];
  signature: string;
}

interface Fixture {
  corpora: { name: string; hypotheses: string[]; references: References; bleu: BleuCase[]; chrf: ChrfCase[] }[];
  one_reference: { bleu: BleuCase; chrf: ChrfCase };
  sentences: [bleu: number, chrfPlusPlus: number][];
  tokenized: { line: string; '13a': string[]; intl: string[]; char: string[]; none: string[] }[];
}

export const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/sacrebleu.json', import.meta.url), 'utf8')) as Fixture;

export const english = fixture.corpora.find(({ name }) => name === 'english')!;

/** sacreBLEU's signature with this package as its version. */
export function asOurs(signature: string): string {
  return signature.replace(/version:.*/, `version:isolab-${VERSION}`);
}
