// The words of sacreBLEU's tokenizers (test/reference/sacrebleu_scores.py), and the table of Unicode classes against the engine's.
import { describe, expect, it } from 'vitest';
import { METRIC_TOKENIZERS, splitWords, tokenizeForMetric } from '../../src/text/metric-tokenizers.js';
import { NUMBERS, PUNCTUATION, SYMBOLS } from '../../src/text/unicode-classes.js';
import { fixture } from './sacrebleu-fixture.js';

describe('tokenizeForMetric', () => {
  it.each(METRIC_TOKENIZERS)('%s finds the words that sacreBLEU finds in 250 awkward lines', (tokenizer) => {
    expect(fixture.tokenized.length).toBe(250);
    for (const { line, ...words } of fixture.tokenized) expect(tokenizeForMetric(line, tokenizer), JSON.stringify(line)).toEqual(words[tokenizer]);
  });

  it('takes for white space what Python does', () => {
    const spaces = '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000';
    expect(splitWords(`${spaces}a${[...spaces].join('b')}c${spaces}`)).toEqual(['a', ...new Array([...spaces].length - 1).fill('b'), 'c']);
    expect(splitWords('a\ufeffb\u200bc\u180ed')).toEqual(['a\ufeffb\u200bc\u180ed']);
  });

  it('takes a long run of spaces in linear time', () => {
    const begin = performance.now();
    expect(tokenizeForMetric(`a${' '.repeat(300_000)}b${' '.repeat(300_000)}`, 'none')).toEqual(['a', 'b']);
    // Quadratic time takes minutes.
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('the table of Unicode classes', () => {
  const tables: [string, RegExp, string, number][] = [['N', /\p{N}/u, NUMBERS, 0x3007], ['P', /\p{P}/u, PUNCTUATION, 0x3001], ['S', /\p{S}/u, SYMBOLS, 0x20ac]];

  it.each(tables)('has in %s what the engine has, but for characters newer than one of them', (_, pattern, table, member) => {
    const listed = new Set<number>();
    for (const range of table.trim().split(/\s+/)) {
      const [first, last = first] = range.split('-').map((text) => parseInt(text, 16));
      for (let point = first; point <= last; point++) listed.add(point);
    }
    expect(listed.has(member)).toBe(true);
    let missing = 0;
    for (let point = 0; point < 0x110000; point++) {
      const character = String.fromCodePoint(point);
      if (listed.has(point)) expect(pattern.test(character) || /\p{Cn}/u.test(character), point.toString(16)).toBe(true);
      else if (pattern.test(character)) missing++;
    }
    // The engine of an older Unicode lacks nothing that the table has; a newer one may have a few hundred more.
    expect(missing).toBeLessThan(1000);
    if (process.versions.node.startsWith('20.')) expect(missing).toBe(0);
  });
});
