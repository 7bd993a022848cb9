// Corpus BLEU (Papineni et al. 2002) as sacreBLEU 2.6 counts it (Post 2018; sacrebleu/metrics/bleu.py).
import type { Core } from '../core/index.js';
import { countMatches, countWordNgrams, formatSignature, referencesBySegment, requireOrder, type Counts, type References } from './metric-references.js';
import { tokenizeForMetric, type MetricTokenizer } from './metric-tokenizers.js';

/**
 * What stands in for a precision without matches (Chen & Cherry 2014). `exp`: 1/2, 1/4, ... of a match; `floor`: that part of
 * a match; `add-k`: k more matches and n-grams from order 2; `none`: zero, and so is the score.
 */
export const SMOOTHINGS = ['exp', 'floor', 'add-k', 'none'] as const;
export type Smoothing = (typeof SMOOTHINGS)[number];

/** sacreBLEU's values of the smoothings that take one. */
const SMOOTHING_VALUES: Partial<Record<Smoothing, number>> = { floor: 0.1, 'add-k': 1 };

export interface BleuOptions {
  /** Default `13a`. */
  tokenizer?: MetricTokenizer;
  /** Default `exp`. */
  smoothing?: Smoothing;
  /** Above 0, for `floor` (default 0.1) and `add-k` (default 1) alone. */
  smoothingValue?: number;
  /** Leave out orders of which the hypotheses have no n-gram; for single sentences. Default false. */
  effectiveOrder?: boolean;
  /** Default false. */
  lowercase?: boolean;
  /** Longest n-grams, in words. Default 4. */
  maximumOrder?: number;
}

export interface BleuScore {
  /** From 0 to 100. */
  readonly score: number;
  /** `[maximumOrder]`: n-grams of each order that a reference has too. Never smoothed (sacreBLEU adds `add-k`'s k here). */
  readonly counts: readonly number[];
  /** `[maximumOrder]`: n-grams of each order in the hypotheses. Never smoothed. */
  readonly totals: readonly number[];
  /** `[maximumOrder]`: smoothed, in percent; all 0 where nothing matches. */
  readonly precisions: readonly number[];
  /** From 0 to 1. */
  readonly brevityPenalty: number;
  /** Words in the hypotheses. */
  readonly hypothesisLength: number;
  /** Words in the references: of each segment the one nearest in length, of two as near the shorter. */
  readonly referenceLength: number;
  /** sacreBLEU's signature, so that scores can be compared; its version is this package's. */
  readonly signature: string;
}

type Settings = Required<Omit<BleuOptions, 'smoothingValue'>> & { smoothingValue: number | undefined };

function settingsOf(options: BleuOptions): Settings {
  const { tokenizer = '13a', smoothing = 'exp', effectiveOrder = false, lowercase = false, maximumOrder = 4 } = options;
  requireOrder('BLEU', 'maximumOrder', maximumOrder, 1);
  if (!SMOOTHINGS.includes(smoothing)) throw new RangeError(`BLEU: expected a smoothing of ${SMOOTHINGS.join(', ')}, got ${JSON.stringify(smoothing)}`);
  const usual = SMOOTHING_VALUES[smoothing];
  const smoothingValue = options.smoothingValue ?? usual;
  if (usual === undefined && smoothingValue !== undefined) {
    throw new RangeError(`BLEU: expected no smoothingValue with smoothing ${smoothing}, got ${smoothingValue}; floor and add-k take one`);
  }
  if (smoothingValue !== undefined && !(smoothingValue > 0 && smoothingValue < Infinity)) {
    throw new RangeError(`BLEU: expected a smoothingValue above 0, got ${smoothingValue}`);
  }
  return { tokenizer, smoothing, smoothingValue, effectiveOrder, lowercase, maximumOrder };
}

/** The length nearest to the hypothesis's, of two as near the shorter. */
function nearestLength(length: number, candidates: readonly number[]): number {
  return candidates.reduce((nearest, candidate) => {
    const nearer = Math.abs(candidate - length) - Math.abs(nearest - length);
    return nearer < 0 || (nearer === 0 && candidate < nearest) ? candidate : nearest;
  });
}

/** For each n-gram of an order the most that one reference has. */
function mostCounts(references: readonly (readonly string[])[], order: number): Counts {
  const most = countWordNgrams(references[0], order, new Map());
  for (const words of references.slice(1)) {
    for (const [ngram, count] of countWordNgrams(words, order, new Map())) most.set(ngram, Math.max(count, most.get(ngram) ?? 0));
  }
  return most;
}

interface Tally {
  readonly counts: number[];
  readonly totals: number[];
  hypothesisLength: number;
  referenceLength: number;
}

function addSegment(tally: Tally, hypothesis: readonly string[], references: readonly (readonly string[])[]): void {
  tally.hypothesisLength += hypothesis.length;
  tally.referenceLength += nearestLength(hypothesis.length, references.map((words) => words.length));
  for (let order = 1; order <= tally.counts.length; order++) {
    tally.totals[order - 1] += Math.max(0, hypothesis.length - order + 1);
    tally.counts[order - 1] += countMatches(countWordNgrams(hypothesis, order, new Map()), mostCounts(references, order));
  }
}

/** Precisions in percent, and how many orders the score is the mean of. */
function smoothedPrecisions({ counts, totals }: Tally, settings: Settings): { precisions: number[]; orders: number } {
  const { smoothing, smoothingValue = 0, effectiveOrder, maximumOrder } = settings;
  const precisions = new Array<number>(maximumOrder).fill(0);
  let orders = maximumOrder;
  let halvings = 1;
  for (let index = 0; index < maximumOrder; index++) {
    const added = smoothing === 'add-k' && index > 0 ? smoothingValue : 0;
    const count = counts[index] + added;
    const total = totals[index] + added;
    if (total === 0) break;
    if (effectiveOrder) orders = index + 1;
    if (count > 0) precisions[index] = (100 * count) / total;
    else if (smoothing === 'exp') precisions[index] = 100 / ((halvings *= 2) * total);
    else if (smoothing === 'floor') precisions[index] = (100 * smoothingValue) / total;
  }
  return { precisions, orders };
}

/** The core's exp and log of float64 values. */
function evaluate(core: Core, op: 'exp' | 'log', values: readonly number[]): Float64Array {
  const pointer = core.scratch(8 * values.length, 'BLEU');
  core.memory.f64(pointer, values.length).set(values);
  core.kernels[`elementwise_${op}_f64`](pointer, pointer, values.length);
  return core.memory.f64(pointer, values.length).slice();
}

function geometricMean(core: Core, values: readonly number[]): number {
  if (values.includes(0)) return 0;
  return evaluate(core, 'exp', [evaluate(core, 'log', values).reduce((sum, value) => sum + value, 0) / values.length])[0];
}

function brevityPenaltyOf(core: Core, { hypothesisLength, referenceLength }: Tally): number {
  if (hypothesisLength >= referenceLength) return 1;
  return hypothesisLength === 0 ? 0 : evaluate(core, 'exp', [1 - referenceLength / hypothesisLength])[0];
}

/** Python's `{value:.2f}` of a value above 0: toFixed, but a tie (an odd number of eighths) goes to the even digit. */
function formatHundredths(value: number): string {
  const isTie = Number.isInteger(value * 8) && (value * 8) % 2 === 1;
  const below = Math.floor(value * 100);
  return (isTie && below % 2 === 0 ? below / 100 : value).toFixed(2);
}

function signatureOf(nrefs: string, { tokenizer, smoothing, smoothingValue, effectiveOrder, lowercase }: Settings): string {
  const value = smoothingValue === undefined ? '' : `[${formatHundredths(smoothingValue)}]`;
  return formatSignature({ nrefs, case: lowercase ? 'lc' : 'mixed', eff: effectiveOrder ? 'yes' : 'no', tok: tokenizer, smooth: `${smoothing}${value}` });
}

/**
 * BLEU of a corpus: brevity penalty times the geometric mean of the n-gram precisions over all segments together. Agrees with
 * sacreBLEU's `BLEU(...).corpus_score(hypotheses, references)` up to the last bits of exp and log, which here are the core's.
 *
 * @param hypotheses text of each segment, not tokenized
 * @param references lists of texts, each as long as the hypotheses
 * @throws RangeError for no hypotheses, references that do not fit them, an option out of range
 * @example
 * corpusBleu(core, ['the cat sat on the mat'], [['the cat is on the mat']]).signature; // nrefs:1|case:mixed|eff:no|tok:13a|...
 */
export function corpusBleu(core: Core, hypotheses: readonly string[], references: References, options: BleuOptions = {}): BleuScore {
  const settings = settingsOf(options);
  const { segments, nrefs } = referencesBySegment('BLEU', hypotheses, references);
  const zeros = () => new Array<number>(settings.maximumOrder).fill(0);
  const tally: Tally = { counts: zeros(), totals: zeros(), hypothesisLength: 0, referenceLength: 0 };
  const tokenize = (text: string) => tokenizeForMetric(text, settings.tokenizer, settings.lowercase);
  for (const [segment, texts] of segments.entries()) addSegment(tally, tokenize(hypotheses[segment]), texts.map(tokenize));

  const brevityPenalty = brevityPenaltyOf(core, tally);
  const signature = signatureOf(nrefs, settings);
  if (tally.counts.every((count) => count === 0)) return { score: 0, ...tally, precisions: zeros(), brevityPenalty, signature };
  const { precisions, orders } = smoothedPrecisions(tally, settings);
  return { score: brevityPenalty * geometricMean(core, precisions.slice(0, orders)), ...tally, precisions, brevityPenalty, signature };
}
