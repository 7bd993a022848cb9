// Corpus chrF (Popovic 2015) and chrF++ (Popovic 2017) as sacreBLEU 2.6 counts them (sacrebleu/metrics/chrf.py).
import { countMatches, countWordNgrams, formatSignature, referencesBySegment, requireOrder, type Counts, type References } from './metric-references.js';
import { splitWords } from './metric-tokenizers.js';

export interface ChrfOptions {
  /** Longest n-grams of code points. Default 6. */
  characterOrder?: number;
  /** Longest n-grams of words: 0 (default) is chrF, 2 is chrF++. */
  wordOrder?: number;
  /** How many times as much recall weighs as precision, a whole number. Default 2. */
  beta?: number;
  /** Default false. */
  lowercase?: boolean;
  /** Let white space be characters too. Default false. */
  whitespace?: boolean;
  /** The mean of every order's F instead of F of the mean precision and recall, as chrF++.py and Moses have it. Default false. */
  epsilonSmoothing?: boolean;
}

export interface ChrfScore {
  /** `chrF2`, `chrF2++`. */
  readonly name: string;
  /** From 0 to 100. */
  readonly score: number;
  /** `[characterOrder + wordOrder]`: n-grams in both, characters' orders first. */
  readonly matches: readonly number[];
  /** The same shape: n-grams in the hypotheses, where the reference has any of that order. */
  readonly hypothesisTotals: readonly number[];
  /** The same shape: n-grams in the references, of each segment the one that scores best. */
  readonly referenceTotals: readonly number[];
  /** sacreBLEU's signature; its version is this package's. */
  readonly signature: string;
}

type Settings = Required<ChrfOptions>;

interface Tally {
  readonly matches: number[];
  readonly hypothesisTotals: number[];
  readonly referenceTotals: number[];
}

/** A bag of n-grams and its size. */
interface Bag {
  readonly counts: Counts;
  readonly total: number;
}

const EPSILON = 1e-16;
const PUNCTUATION = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~');

function settingsOf(options: ChrfOptions): Settings {
  const { characterOrder = 6, wordOrder = 0, beta = 2, lowercase = false, whitespace = false, epsilonSmoothing = false } = options;
  requireOrder('chrF', 'characterOrder', characterOrder, 1);
  requireOrder('chrF', 'wordOrder', wordOrder, 0);
  requireOrder('chrF', 'beta', beta, 1);
  return { characterOrder, wordOrder, beta, lowercase, whitespace, epsilonSmoothing };
}

/** Words with one mark of punctuation parted from their end, or else from their start: `(hi)` is `(hi` and `)`. */
function wordsOf(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    if (word.length === 1) return [word];
    if (PUNCTUATION.has(word.at(-1)!)) return [word.slice(0, -1), word.at(-1)!];
    return PUNCTUATION.has(word[0]) ? [word[0], word.slice(1)] : [word];
  });
}

/** Where each code point of a text begins, and its end. */
function codePointStarts(text: string): number[] {
  const starts = [0];
  for (const character of text) starts.push(starts.at(-1)! + character.length);
  return starts;
}

function bagsOf(text: string, { characterOrder, wordOrder, lowercase, whitespace }: Settings): Bag[] {
  const cased = lowercase ? text.toLowerCase() : text;
  const characters = whitespace ? cased : splitWords(cased).join('');
  const starts = codePointStarts(characters);
  const bags: Bag[] = [];
  for (let order = 1; order <= characterOrder; order++) {
    const counts: Counts = new Map();
    for (let first = 0; first + order < starts.length; first++) {
      const ngram = characters.slice(starts[first], starts[first + order]);
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    bags.push({ counts, total: Math.max(0, starts.length - order) });
  }
  const words = wordOrder > 0 ? wordsOf(cased) : [];
  for (let order = 1; order <= wordOrder; order++) {
    bags.push({ counts: countWordNgrams(words, order, new Map()), total: Math.max(0, words.length - order + 1) });
  }
  return bags;
}

function compare(hypothesis: readonly Bag[], reference: readonly Bag[]): Tally {
  return {
    matches: hypothesis.map((bag, order) => countMatches(bag.counts, reference[order].counts)),
    hypothesisTotals: hypothesis.map((bag, order) => (reference[order].total > 0 ? bag.total : 0)),
    referenceTotals: reference.map((bag) => bag.total),
  };
}

/** F_beta in percent. */
function scoreOf({ matches, hypothesisTotals, referenceTotals }: Tally, { beta, epsilonSmoothing }: Settings): number {
  const factor = beta * beta;
  let smoothed = 0;
  let precisions = 0;
  let recalls = 0;
  let orders = 0;
  for (const [order, matched] of matches.entries()) {
    const precision = hypothesisTotals[order] > 0 ? matched / hypothesisTotals[order] : EPSILON;
    const recall = referenceTotals[order] > 0 ? matched / referenceTotals[order] : EPSILON;
    const denominator = factor * precision + recall;
    smoothed += denominator > 0 ? ((1 + factor) * precision * recall) / denominator : EPSILON;
    if (hypothesisTotals[order] > 0 && referenceTotals[order] > 0) {
      precisions += precision;
      recalls += recall;
      orders++;
    }
  }
  if (epsilonSmoothing) return (100 * smoothed) / matches.length;
  if (precisions + recalls === 0) return 0;
  const precision = precisions / orders;
  const recall = recalls / orders;
  return 100 * (((1 + factor) * precision * recall) / (factor * precision + recall));
}

/** Counts against the reference that gives the best score, of equals the first. */
function compareWithBest(hypothesis: readonly Bag[], references: readonly (readonly Bag[])[], settings: Settings): Tally {
  const tallies = references.map((reference) => compare(hypothesis, reference));
  const scores = tallies.map((tally) => scoreOf(tally, settings));
  return tallies[scores.reduce((best, score, index) => (score > scores[best] ? index : best), 0)];
}

function add(into: number[], values: readonly number[]): void {
  for (const [order, value] of values.entries()) into[order] += value;
}

function signatureOf(nrefs: string, { characterOrder, wordOrder, lowercase, whitespace, epsilonSmoothing }: Settings): string {
  return formatSignature({
    nrefs, case: lowercase ? 'lc' : 'mixed', eff: epsilonSmoothing ? 'no' : 'yes', nc: characterOrder, nw: wordOrder, space: whitespace ? 'yes' : 'no',
  });
}

/**
 * chrF of a corpus: F_beta of character n-grams, and for chrF++ of word n-grams too, over all segments together. Agrees with
 * sacreBLEU's `CHRF(...).corpus_score(hypotheses, references)`. Needs no tokenizer, and so suits Japanese as it is.
 *
 * @param hypotheses text of each segment, not tokenized
 * @param references lists of texts, each as long as the hypotheses
 * @throws RangeError for no hypotheses, references that do not fit them, an option out of range
 */
export function corpusChrf(hypotheses: readonly string[], references: References, options: ChrfOptions = {}): ChrfScore {
  const settings = settingsOf(options);
  const { segments, nrefs } = referencesBySegment('chrF', hypotheses, references);
  const zeros = () => new Array<number>(settings.characterOrder + settings.wordOrder).fill(0);
  const tally: Tally = { matches: zeros(), hypothesisTotals: zeros(), referenceTotals: zeros() };
  for (const [segment, texts] of segments.entries()) {
    const best = compareWithBest(bagsOf(hypotheses[segment], settings), texts.map((text) => bagsOf(text, settings)), settings);
    add(tally.matches, best.matches);
    add(tally.hypothesisTotals, best.hypothesisTotals);
    add(tally.referenceTotals, best.referenceTotals);
  }
  const name = `chrF${settings.beta}${'+'.repeat(settings.wordOrder)}`;
  return { name, score: scoreOf(tally, settings), ...tally, signature: signatureOf(nrefs, settings) };
}
