// The parts of the trainer against their plain definitions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { DoubleArray } from '../../src/text/double-array.js';
import { buildDoubleArray } from '../../src/text/double-array-builder.js';
import { digammaAll } from '../../src/text/expectation.js';
import { SCRIPT_NAMES } from '../../src/text/generated/scripts.js';
import { Lattice } from '../../src/text/lattice.js';
import { requireUtf8, splitLines } from '../../src/text/lines.js';
import { logSumExp, logSumExpTable } from '../../src/text/log-sum-exp.js';
import { nBestPaths } from '../../src/text/n-best.js';
import { PieceTrie } from '../../src/text/piece-trie.js';
import { MessageReader, MessageWriter } from '../../src/text/protobuf.js';
import { visitRepeats } from '../../src/text/repeats.js';
import { scriptTable } from '../../src/text/script.js';
import { suffixArray } from '../../src/text/suffix-array.js';
import { descendingKeys, orderOf } from '../../src/text/training-pieces.js';
import { codePointsOf, compareCodePoints, decodeCharacter, encodeUtf8, firstMalformedByte, isMalformed, textOf } from '../../src/text/utf8.js';
import { formatSixDigits } from '../../src/text/vocabulary-text.js';
import { WordGraph } from '../../src/text/word-graph.js';
import { fixture } from './tokenizer-fixture.js';

const core = await openCore();
const symbols = fc.array(fc.nat(3), { maxLength: 60 }).map((text) => Int32Array.from(text));

function compareSuffixes(text: Int32Array, a: number, b: number): number {
  for (; a < text.length && b < text.length; a++, b++) if (text[a] !== text[b]) return text[a]! - text[b]!;
  return b - a;
}

describe('suffix arrays', () => {
  it('sort all suffixes', () => {
    fc.assert(fc.property(symbols, (text) => {
      const sorted = Array.from(text, (_, i) => i).sort((a, b) => compareSuffixes(text, a, b));
      expect([...suffixArray(text, 4)]).toEqual(sorted);
    }), { numRuns: 1000 });
  });

  it('give every substring that is followed by different symbols, once, with its occurrences', () => {
    fc.assert(fc.property(symbols, (text) => {
      const followers = new Map<string, Set<number | undefined>>();
      const counts = new Map<string, number>();
      for (let from = 0; from < text.length; from++) {
        for (let to = from + 1; to <= text.length; to++) {
          const key = text.subarray(from, to).join();
          followers.set(key, (followers.get(key) ?? new Set()).add(text[to]));
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
      const expected = [...counts].filter(([key]) => followers.get(key)!.size > 1).map(([key, count]) => `${key}: ${count}`);
      const suffixes = suffixArray(text, 4);
      const found: string[] = [];
      visitRepeats(text, suffixes, (from, to, length) => {
        if (length > 0) found.push(`${text.subarray(suffixes[from]!, suffixes[from]! + length).join()}: ${to - from}`);
      });
      expect(found.sort()).toEqual(expected.sort());
    }), { numRuns: 500 });
  });
});

describe('double arrays', () => {
  it('find the longest key that begins a text', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '日', '月'), minLength: 1, maxLength: 5 });
    fc.assert(fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 60 }), key, (keys, text) => {
      const sorted = [...keys].sort(compareCodePoints);
      const graph = new WordGraph();
      sorted.map(encodeUtf8).forEach((each, i) => graph.insert(each, each.length, i));
      graph.finish();
      const array = new DoubleArray(buildDoubleArray(graph));
      const bytes = encodeUtf8(text);
      const longest = sorted.filter((each) => text.startsWith(each)).sort((a, b) => b.length - a.length)[0];
      expect(array.longestPrefix(bytes, 0, bytes.length)).toBe(longest === undefined ? 0 : encodeUtf8(longest).length);
      if (longest !== undefined) expect(array.value).toBe(sorted.indexOf(longest));
    }));
  });
});

describe('lattices', () => {
  const points = Int32Array.from([1, 2, 1, 1, 2, 3, 1, 2]);
  const piece = fc.tuple(fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 4 }), fc.double({ min: -9, max: 0, noNaN: true }));

  function tableOf(pieces: readonly (readonly [number[], number])[]) {
    const trie = new PieceTrie();
    pieces.forEach(([characters], id) => trie.insert(Int32Array.from(characters), 0, characters.length, id));
    return { trie, scores: Float32Array.from(pieces, ([, score]) => score), unknownScore: -15, unknownId: 99 };
  }

  /** Scores of all cuts of points[from..], added as numbers. */
  function cuts(pieces: readonly (readonly [number[], number])[], from = 0): number[] {
    if (from === points.length) return [0];
    const fitting = pieces.filter(([characters]) => characters.every((character, i) => points[from + i] === character));
    const steps = fitting.map(([characters, score]) => [characters.length, Math.fround(score)] as const);
    if (!steps.some(([length]) => length === 1)) steps.push([1, -15]);
    return steps.flatMap(([length, score]) => cuts(pieces, from + length).map((rest) => rest + score));
  }

  it('hold all cuts: their best, their n best and their mass', () => {
    fc.assert(fc.property(fc.uniqueArray(piece, { minLength: 1, maxLength: 8, selector: ([characters]) => characters.join() }), (pieces) => {
      const lattice = new Lattice();
      lattice.populate(tableOf(pieces), points, 0, points.length);
      const all = cuts(pieces).sort((a, b) => b - a);
      const best = nBestPaths(lattice, 1000);
      expect(best).toHaveLength(all.length);
      // Up to eight float32 sums of at most 120: 8 * 120 * 2^-24 = 6e-5.
      best.forEach(({ score }, i) => expect(Math.abs(score - all[i]!)).toBeLessThan(6e-5));
      const last = lattice.viterbi();
      expect(Math.abs(lattice.bestScores[last]! - all[0]!)).toBeLessThan(6e-5);
      const mass = Math.log(all.reduce((sum, score) => sum + Math.exp(score), 0));
      expect(Math.abs(lattice.forward(logSumExpTable(core), 1) - mass)).toBeLessThan(6e-5);
      lattice.backward(logSumExpTable(core));
      expect(Math.abs(lattice.beta[0]! - mass)).toBeLessThan(6e-5);
    }));
  });
});

describe('functions', () => {
  it('log(e^x + e^y) is rounded from within 1e-14 of it', () => {
    const table = logSumExpTable(core);
    const float = fc.float({ min: -80, max: 0, noNaN: true });
    fc.assert(fc.property(float, float, (x, y) => {
      // The difference of float32 values is rounded to one, as C's is.
      const exact = Math.max(x, y) + Math.log1p(Math.exp(-Math.fround(Math.abs(x - y))));
      // Half a unit in the last place of a float32, and the engine's own errors.
      expect(Math.abs(logSumExp(table, x, y) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -24 + 1e-14);
    }), { numRuns: 5000 });
    expect(logSumExp(table, -1, -60)).toBe(-1);
    expect(logSumExp(table, -3, -3)).toBe(Math.fround(-3 + Math.LN2));
  });

  it('digamma', () => {
    const values = digammaAll(core, Float64Array.from(fixture.digammas, ([x]) => x));
    // The series that SentencePiece cuts off after x^-8 is good to 1e-10 at x = 6.5 and better above.
    fixture.digammas.forEach(([, exact], i) => expect(Math.abs(values[i]! - exact)).toBeLessThan(1e-10 * Math.max(1, Math.abs(exact))));
  });

  it.each(fixture.sixDigits.map(([value, text]) => ({ value, text })))("$value is written as C's %g has it: $text", ({ value, text }) => {
    expect(formatSixDigits(value)).toBe(text);
  });

  it('orders by descending float32, equal ones as they stand', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 1.5))), (values) => {
      const expected = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
      expect([...orderOf(descendingKeys(Float32Array.from(values)))]).toEqual(expected);
    }));
  });
});

describe('UTF-8', () => {
  it('is written and read as the engine does where it is well-formed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = encodeUtf8(text);
      expect([...bytes]).toEqual([...new TextEncoder().encode(text)]);
      const points = codePointsOf(bytes);
      expect(textOf(points, 0, points.length)).toBe(text);
    }));
  });

  it('has one U+FFFD for each byte that begins no character', () => {
    expect([...codePointsOf(Uint8Array.of(0x41, 0xe3, 0x81, 0x42, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80))]).toEqual(
      [0x41, ...new Array(2).fill(0xfffd), 0x42, ...new Array(9).fill(0xfffd)]);
    expect([...encodeUtf8('\ud800')]).toEqual([0xed, 0xa0, 0x80]);
    expect(isMalformed(decodeCharacter(encodeUtf8('\ufffd'), 0, 3))).toBe(false);
  });

  it('is told from other bytes with the line and byte', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      let isText = true;
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch {
        isText = false;
      }
      expect(firstMalformedByte(bytes) === undefined).toBe(isText);
    }));
    const latin = Uint8Array.from([...'one\ntwo caf'].map((character) => character.charCodeAt(0)).concat(0xe9, 10));
    expect(() => requireUtf8(latin, 'a.txt')).toThrow('a.txt: expected UTF-8, got 0xe9 in line 2, byte 8 (byte 12 of the file)');
    expect(() => requireUtf8(Uint8Array.of(0x61, 10, 0xff), 'a.txt')).toThrow('line 2, byte 1 (byte 3');
    expect(() => requireUtf8(Uint8Array.of(0xff), 'a.txt')).toThrow('line 1, byte 1 (byte 1');
  });

  it('is cut into lines as getline does', () => {
    const lines = (text: string) => splitLines(encodeUtf8(text)).map((line) => new TextDecoder().decode(line));
    expect([lines(''), lines('\n'), lines('a'), lines('a\n'), lines('a\r\n\nb')]).toEqual([[], [''], ['a'], ['a'], ['a\r', '', 'b']]);
  });

  it('orders strings by code point', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(Buffer.compare(encodeUtf8(a), encodeUtf8(b))));
    }));
  });
});

describe('messages', () => {
  it('read back what was written', () => {
    const field = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.oneof(fc.maxSafeInteger(), fc.uint8Array()));
    fc.assert(fc.property(fc.array(field), (given) => {
      const writer = new MessageWriter();
      for (const [number, value] of given) if (typeof value === 'number') writer.varint(number, value); else writer.bytes(number, value);
      const reader = new MessageReader(writer.finish());
      for (const [number, value] of given) expect(reader.next()).toEqual({ number, kind: typeof value === 'number' ? 'varint' : 'bytes', value });
      expect(reader.next()).toBeUndefined();
    }));
  });
});

describe('scripts', () => {
  // The engine's Unicode is newer: these characters changed their script, or Scripts.txt lists them by extension now.
  const MOST_CHANGED = 60;

  it("are those of the engine's Unicode, but for a few that changed since", () => {
    const table = scriptTable();
    const patterns = new Map<number, RegExp>();
    let compared = 0;
    const changed: string[] = [];
    for (let point = 0; point < 0x110000; point++) {
      const name = SCRIPT_NAMES[table[point]!]!;
      if (name === 'Common' || name === 'Han') continue;
      if (!patterns.has(table[point]!)) patterns.set(table[point]!, new RegExp(`^\\p{Script=${name}}$`, 'u'));
      if (!patterns.get(table[point]!)!.test(String.fromCodePoint(point))) changed.push(point.toString(16));
      compared++;
    }
    expect(compared).toBeGreaterThan(20_000);
    expect(changed.length, changed.join(' ')).toBeLessThan(MOST_CHANGED);
    const japanese = [...'漢字ひらカナー'].map((character) => SCRIPT_NAMES[table[character.codePointAt(0)!]!]);
    expect(new Set(japanese)).toEqual(new Set(['Han']));
  });
});
