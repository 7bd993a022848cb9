// What BLEU and chrF have in common: references of each segment, counted n-grams, the signature's numbers.
import { VERSION } from '../version.js';

/**
 * One list a set of references, each as long as the hypotheses, as sacreBLEU takes them. A segment may lack a reference
 * (null) where another set has one.
 */
export type References = readonly (readonly (string | null)[])[];

/** How often each n-gram occurs. */
export type Counts = Map<string, number>;

export interface ReferencedSegments {
  /** The references of each hypothesis, at least one. */
  readonly segments: readonly (readonly string[])[];
  /** As a signature's `nrefs` tells it: a number, or `var` where segments have different numbers of references. */
  readonly nrefs: string;
}

/**
 * The references by segment.
 * @throws RangeError naming the metric for no hypotheses, no references, lists of another length, or a segment without a reference
 */
export function referencesBySegment(metric: string, hypotheses: readonly string[], references: References): ReferencedSegments {
  if (hypotheses.length === 0) throw new RangeError(`${metric}: expected at least one hypothesis, got none`);
  if (references.length === 0) throw new RangeError(`${metric}: expected at least one list of references, got none`);
  for (const [set, list] of references.entries()) {
    if (list.length !== hypotheses.length) {
      throw new RangeError(`${metric}: expected ${hypotheses.length} references, one a hypothesis, got ${list.length} in list ${set}`);
    }
  }
  const segments = hypotheses.map((_, segment) => references.map((list) => list[segment]).filter((text) => text !== null));
  const bare = segments.findIndex((texts) => texts.length === 0);
  if (bare >= 0) throw new RangeError(`${metric}: expected at least one reference a segment, got none for segment ${bare}`);
  const numbers = new Set(segments.map((texts) => texts.length));
  return { segments, nrefs: numbers.size === 1 ? String(segments[0].length) : 'var' };
}

/** Adds the n-grams of one order to `counts`, words joined by spaces, which no word has. */
export function countWordNgrams(words: readonly string[], order: number, counts: Counts): Counts {
  for (let start = 0; start + order <= words.length; start++) {
    const ngram = order === 1 ? words[start] : words.slice(start, start + order).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** The size of the intersection of two bags of n-grams. */
export function countMatches(hypothesis: Counts, reference: Counts): number {
  let matches = 0;
  for (const [ngram, count] of hypothesis) matches += Math.min(count, reference.get(ngram) ?? 0);
  return matches;
}

/** @throws RangeError naming the metric and the option unless `value` is a whole number of at least `least` */
export function requireOrder(metric: string, option: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${metric}: expected ${option} to be a whole number of at least ${least}, got ${value}`);
  }
}

/** sacreBLEU's signature, with this package in its version's place. */
export function formatSignature(fields: Readonly<Record<string, string | number>>): string {
  return [...Object.entries(fields), ['version', `isolab-${VERSION}`]].map(([key, value]) => `${key}:${value}`).join('|');
}
