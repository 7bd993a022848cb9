// chrF and chrF++ against sacreBLEU (test/reference/sacrebleu_scores.py), the laws of the score, and every refusal.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusChrf, type ChrfOptions } from '../../src/text/chrf.js';
import { VERSION } from '../../src/version.js';
import { asOurs, english, fixture, type ChrfCase } from './sacrebleu-fixture.js';

function optionsOf({ options }: ChrfCase): ChrfOptions {
  const { char_order, word_order, beta, lowercase, whitespace, eps_smoothing } = options;
  return { characterOrder: char_order, wordOrder: word_order, beta, lowercase, whitespace, epsilonSmoothing: eps_smoothing };
}

describe('corpusChrf', () => {
  it.each(fixture.corpora)('is what sacreBLEU gives, to the bit: $name', ({ hypotheses, references, chrf }) => {
    expect(chrf.length).toBe(7);
    for (const expected of chrf) {
      const { score, name, ...got } = corpusChrf(hypotheses, references, optionsOf(expected));
      expect(got, JSON.stringify(expected.options)).toEqual({
        matches: expected.match, hypothesisTotals: expected.hypothesis, referenceTotals: expected.reference, signature: asOurs(expected.signature),
      });
      expect([name, score], JSON.stringify(expected.options)).toEqual([expected.name, expected.score]);
    }
  });

  it('is what sacreBLEU gives with one reference, and for each of 200 sentences alone', () => {
    const { score, signature } = corpusChrf(english.hypotheses, [english.references[0]]);
    expect(score).toBe(fixture.one_reference.chrf.score);
    expect(signature).toBe(`nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:isolab-${VERSION}`);
    for (const [at, [, expected]] of fixture.sentences.entries()) {
      const alone = corpusChrf([english.hypotheses[at]], english.references.map((list) => [list[at]]), { wordOrder: 2 });
      expect([alone.name, alone.score], english.hypotheses[at]).toEqual(['chrF2++', expected]);
    }
  });
});

describe('laws of chrF', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '.', '猫', '😀'), minLength: 6, maxLength: 30 }).filter((line) => line.trim() !== '');

  it('gives 100 to a reference itself and never leaves 0..100', () => {
    fc.assert(fc.property(text, text, fc.nat(2), (hypothesis, reference, wordOrder) => {
      expect(corpusChrf([reference], [[reference]], { wordOrder }).score).toBeCloseTo(100, 9);
      const { score } = corpusChrf([hypothesis], [[reference]], { wordOrder });
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(100);
    }));
  });

  it('takes the better of two references', () => {
    fc.assert(fc.property(text, text, text, (hypothesis, first, second) => {
      const alone = [first, second].map((reference) => corpusChrf([hypothesis], [[reference]]).score);
      expect(corpusChrf([hypothesis], [[first], [second]]).score).toBe(Math.max(...alone));
    }));
  });

  it('does not see white space unless told to', () => {
    expect(corpusChrf(['a b c'], [['ab c']]).score).toBe(100);
    expect(corpusChrf(['a b c'], [['ab c']], { whitespace: true }).score).toBeLessThan(100);
  });
});

describe('refusals of chrF', () => {
  it.each<[string, readonly string[], readonly (readonly (string | null)[])[], object, string]>([
    ['no hypothesis', [], [[]], {}, 'chrF: expected at least one hypothesis, got none'],
    ['another length', ['a'], [['a', 'b']], {}, 'chrF: expected 1 references, one a hypothesis, got 2 in list 0'],
    ['an order', ['a'], [['a']], { characterOrder: 1.5 }, 'chrF: expected characterOrder to be a whole number of at least 1, got 1.5'],
    ['a word order', ['a'], [['a']], { wordOrder: -1 }, 'chrF: expected wordOrder to be a whole number of at least 0, got -1'],
    ['beta', ['a'], [['a']], { beta: 0 }, 'chrF: expected beta to be a whole number of at least 1, got 0'],
  ])('%s', (_, hypotheses, references, options, message) => {
    expect(() => corpusChrf(hypotheses, references, options)).toThrow(new RangeError(message));
  });
});
