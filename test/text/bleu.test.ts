// BLEU against sacreBLEU (test/reference/sacrebleu_scores.py), the laws of the score, and every refusal.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { corpusBleu, type BleuOptions } from '../../src/text/bleu.js';
import { VERSION } from '../../src/version.js';
import { asOurs, english, fixture, type BleuCase } from './sacrebleu-fixture.js';

/** Its logarithms and exponentials are glibc's, ours the core's; they part in the last bits of numbers up to 100. */
const LAST_BITS = 1e-11;

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

function optionsOf({ options }: BleuCase): BleuOptions {
  const { tokenize, smooth_method, smooth_value, effective_order, max_ngram_order, lowercase } = options;
  return { tokenizer: tokenize, smoothing: smooth_method, smoothingValue: smooth_value, effectiveOrder: effective_order, maximumOrder: max_ngram_order, lowercase };
}

/** sacreBLEU tells counts of `add-k` with k added from order 2, where it came to smoothing at all. */
function withoutSmoothing(counts: number[], { options, score }: BleuCase): number[] {
  if (options.smooth_method !== 'add-k' || score === 0) return counts;
  return counts.map((count, index) => (index === 0 ? count : count - (options.smooth_value ?? 1)));
}

describe('corpusBleu', () => {
  it.each(fixture.corpora)('is what sacreBLEU gives: $name', ({ hypotheses, references, bleu }) => {
    expect(bleu.length).toBe(16);
    for (const expected of bleu) {
      const what = JSON.stringify(expected.options);
      const got = corpusBleu(core, hypotheses, references, optionsOf(expected));
      expect(got.counts, what).toEqual(withoutSmoothing(expected.counts, expected));
      expect(got.totals, what).toEqual(withoutSmoothing(expected.totals, expected));
      expect([got.hypothesisLength, got.referenceLength, got.signature], what).toEqual([expected.sys_len, expected.ref_len, asOurs(expected.signature)]);
      // The same products and quotients in the same order.
      expect(got.precisions, what).toEqual(expected.precisions);
      expect(Math.abs(got.brevityPenalty - expected.bp), what).toBeLessThanOrEqual(LAST_BITS);
      expect(Math.abs(got.score - expected.score), what).toBeLessThanOrEqual(LAST_BITS);
    }
  });

  it('is what sacreBLEU gives with one reference, and for each of 200 sentences alone', () => {
    const { score, signature } = corpusBleu(core, english.hypotheses, [english.references[0]]);
    expect(Math.abs(score - fixture.one_reference.bleu.score)).toBeLessThanOrEqual(LAST_BITS);
    expect(signature).toBe(`nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:isolab-${VERSION}`);
    expect(fixture.sentences.length).toBe(200);
    for (const [at, [expected]] of fixture.sentences.entries()) {
      const alone = corpusBleu(core, [english.hypotheses[at]], english.references.map((list) => [list[at]]), { effectiveOrder: true });
      expect(Math.abs(alone.score - expected), english.hypotheses[at]).toBeLessThanOrEqual(LAST_BITS);
    }
  });
});

describe('laws of BLEU', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'cat', 'sat', '1', '.'), { minLength: 4, maxLength: 12 }).map((list) => list.join(' '));

  it('gives 100 to a reference itself and never leaves 0..100', () => {
    fc.assert(fc.property(fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 4 }), (pairs) => {
      const [hypotheses, references] = [pairs.map(([text]) => text), pairs.map(([, text]) => text)];
      expect(corpusBleu(core, references, [references]).score).toBeCloseTo(100, 9);
      const { score } = corpusBleu(core, hypotheses, [references]);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(100 + LAST_BITS);
    }));
  });

  it('does not depend on the order of segments or of references', () => {
    fc.assert(fc.property(fc.array(fc.tuple(words, words, words), { minLength: 1, maxLength: 5 }), (rows) => {
      const score = (order: typeof rows, first: 1 | 2) =>
        corpusBleu(core, order.map((row) => row[0]), [order.map((row) => row[first]), order.map((row) => row[first === 1 ? 2 : 1])]).score;
      expect(score([...rows].reverse(), 2)).toBe(score(rows, 1));
    }));
  });
});

describe('refusals of BLEU', () => {
  it.each<[string, readonly string[], readonly (readonly (string | null)[])[], object, string]>([
    ['no hypothesis', [], [[]], {}, 'BLEU: expected at least one hypothesis, got none'],
    ['no references', ['a'], [], {}, 'BLEU: expected at least one list of references, got none'],
    ['another length', ['a', 'b'], [['a', 'b'], ['a']], {}, 'BLEU: expected 2 references, one a hypothesis, got 1 in list 1'],
    ['a bare segment', ['a', 'b'], [['a', null]], {}, 'BLEU: expected at least one reference a segment, got none for segment 1'],
    ['an order', ['a'], [['a']], { maximumOrder: 0 }, 'BLEU: expected maximumOrder to be a whole number of at least 1, got 0'],
    ['a smoothing', ['a'], [['a']], { smoothing: 'some' }, 'BLEU: expected a smoothing of exp, floor, add-k, none, got "some"'],
    ['a value', ['a'], [['a']], { smoothing: 'floor', smoothingValue: -1 }, 'BLEU: expected a smoothingValue above 0, got -1'],
    ['a needless value', ['a'], [['a']], { smoothingValue: 1 }, 'BLEU: expected no smoothingValue with smoothing exp, got 1; floor and add-k take one'],
    ['a tokenizer', ['a'], [['a']], { tokenizer: 'ja-mecab' }, 'tokenizer: expected one of 13a, intl, char, none, got "ja-mecab"'],
  ])('%s', (_, hypotheses, references, options, message) => {
    expect(() => corpusBleu(core, hypotheses, references, options)).toThrow(new RangeError(message));
  });
});
