// Parallel corpora from every kind of file, every refusal, and the real corpora where they are at hand.
import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/data/data-error.js';
import { readParallelText, type NamedFile, type ParallelOptions } from '../../src/data/parallel.js';
import { readLines } from '../../src/data/parallel-lines.js';
import { buildZip } from './zip-builder.js';

const SHARED = new URL('../../../shared/data/', import.meta.url).pathname;
const JA_EN = { source: 'ja', target: 'en' };

const file = (name: string, content: string | number[]): NamedFile =>
  ({ name, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content) });

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error');
}

const sides = (files: NamedFile[], options: ParallelOptions) => readParallelText(files, options).pairs.map(({ source, target }) => [source, target]);

describe('lines', () => {
  it('pairs line with line and tells what it left out', () => {
    const files = [file('DIR/train.en', 'One.\n\nThree.\n  \nOne.\nSix'), file('DIR/train.ja', '一。\n二。\n三。\n四。\n一。\n六\n')];
    expect(readParallelText(files, JA_EN)).toEqual({
      pairs: [['一。', 'One.'], ['三。', 'Three.'], ['一。', 'One.'], ['六', 'Six']].map(([source, target]) => ({ source, target })),
      report: { format: 'lines', read: 6, empty: { count: 2, lines: [2, 4] }, duplicates: 1 },
    });
    const kept = readParallelText(files, { ...JA_EN, keepEmpty: true });
    expect(kept.pairs[1]).toEqual({ source: '二。', target: '' });
    expect([kept.pairs.length, kept.report.empty.count]).toEqual([6, 2]);
  });

  it('finds a language by the end of a name, or the name itself', () => {
    for (const names of [['train.ja', 'train.en'], ['iwslt2017_ja.txt', 'iwslt2017_en.txt'], ['ja.txt', 'en.txt'], ['a/en/x-ja', 'a/ja/x-en']]) {
      expect(sides([file(names[1], 'b'), file(names[0], 'a')], JA_EN)).toEqual([['a', 'b']]);
    }
    expect(sides([file('left', 'a'), file('right', 'b')], { source: 'right', target: 'left' })).toEqual([['b', 'a']]);
    expect(sides([{ name: 'x.ja.gz', bytes: gzipSync(new TextEncoder().encode('a\n')) }, file('x.en', 'b')], JA_EN)).toEqual([['a', 'b']]);
  });

  it('reports the first five empty lines of many', () => {
    const { report } = readParallelText([file('x.ja', `${'\n'.repeat(9)}a`), file('x.en', 'b\n'.repeat(10))], JA_EN);
    expect(report.empty).toEqual({ count: 9, lines: [1, 2, 3, 4, 5] });
  });

  it.each<[string, NamedFile[], string]>([
    ['files of different lengths', [file('x.ja', 'a\nb\n'), file('x.en', 'a\nb\nc')],
      'x.en: expected 2 lines, as many as x.ja has, got 3; take both files from one corpus, line by line translations of each other'],
    ['an empty file', [file('x.ja', ''), file('x.en', 'a')], 'x.ja: expected lines of text, got an empty file; get the file again'],
    ['a language without a file', [file('x.de', 'a'), file('x.en', 'a')], 'source ja: expected one file named after it, such as train.ja, got x.de, x.en'],
    ['a language with two', [file('x.ja', 'a'), file('y.ja', 'a'), file('x.en', 'a')], 'source ja: expected one file named after it, such as train.ja, got x.ja, y.ja'],
    ['no pair left', [file('x.ja', 'a\n\n'), file('x.en', '\nb\n')],
      'x.ja, x.en: expected at least one pair of sentences, got 2, each with an empty side; name other files, columns or languages'],
    ['another encoding', [file('x.ja', [0x61, 10, 0x62, 0x82, 0xa0, 10]), file('x.en', 'a\nb')],
      'x.ja: expected text in UTF-8, got the byte 0x82 in line 2, at byte 3; convert it with `iconv -t UTF-8`'],
  ])('refuse %s', (_, files, message) => {
    expect(() => readParallelText(files, JA_EN)).toThrow(new DataError(message));
  });

  it.each<[string, NamedFile[], object, string]>([
    ['an unknown format', [file('x.ja', 'a')], { ...JA_EN, format: 'csv' }, 'format: expected lines, tsv, iwslt, got "csv"'],
    ['a column of lines', [file('x.ja', 'a'), file('x.en', 'a')], { source: 'ja', target: 2 }, 'target: expected a language, such as en, of lines files, got 2'],
    ['one language twice', [file('x.ja', 'a'), file('x.en', 'a')], { source: 'ja', target: 'ja' }, 'target: expected another than the source, got "ja" for both'],
    ['a language of tsv', [file('x.tsv', 'a\tb')], JA_EN, 'source: expected the number of a column, from 1, of a tsv file, got "ja"'],
    ['column 0', [file('x.tsv', 'a\tb')], { source: 0, target: 1 }, 'source: expected the number of a column, from 1, of a tsv file, got 0'],
  ])('refuse the option %s', (_, files, options, message) => {
    expect(() => readParallelText(files, options as ParallelOptions)).toThrow(new RangeError(message));
  });
});

describe('readLines', () => {
  const lines = (text: string) => readLines(new TextEncoder().encode(text), 'x');

  it('knows LF and CR LF, a byte order mark, a last line without an end', () => {
    expect(lines('\ufeffa\r\nb\n\nc')).toEqual(['a', 'b', '', 'c']);
    expect(lines('a\n\n')).toEqual(['a', '']);
    expect(lines('\r\n')).toEqual(['']);
  });

  it("cuts at none of the other ends that Python's splitlines knows", () => {
    const line = 'a\rb\vc\fd\x1ce\x1df\x1eg\x85h\u2028i\u2029j';
    expect(lines(`${line}\n${line}`)).toEqual([line, line]);
  });

  it('gives back what was joined', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '猫', '😀', '\t', '\u2028', '\ufeff') }).map((line) => `x${line}`);
    fc.assert(fc.property(fc.array(text, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), (written, end, closed) => {
      expect(lines(written.join(end) + (closed ? end : ''))).toEqual(written);
    }));
  });

  it.each<[string, number[], string]>([
    ['a lone continuation', [0x61, 0x80], 'the byte 0x80 in line 1, at byte 1'],
    ['an overlong slash', [10, 10, 0xc0, 0xaf], 'the byte 0xc0 in line 3, at byte 2'],
    ['an overlong three', [0xe0, 0x9f, 0x80], 'the byte 0x9f in line 1, at byte 1'],
    ['a surrogate', [0xed, 0xa0, 0x80], 'the byte 0xa0 in line 1, at byte 1'],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 'the byte 0x90 in line 1, at byte 1'],
    ['a broken third byte', [0xe7, 0x8c, 0x0a], 'the byte 0x0a in line 1, at byte 2'],
    ['a cut at the end', [0x61, 10, 0xe7, 0x8c], 'a character cut short in line 2, at byte 4'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0], 'the byte 0xff in line 1, at byte 0'],
  ])('finds %s', (_, bytes, got) => {
    expect(() => readLines(Uint8Array.from(bytes), 'x')).toThrow(new DataError(`x: expected text in UTF-8, got ${got}; convert it with \`iconv -t UTF-8\``));
  });

  it('finds a bad byte where the text before it is good and the text with it is not', () => {
    const decodes = (bytes: Uint8Array) => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
        return true;
      } catch {
        return false;
      }
    };
    const byte = fc.oneof(fc.constantFrom(0x61, 0xc3, 0xa9, 0xe7, 0x8c, 0xab, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xe0, 0xf4), fc.nat(255));
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.array(byte, { maxLength: 8 }), (noise, tail) => {
      const bytes = Uint8Array.from([0x61, ...tail, ...noise]);
      if (decodes(bytes)) return;
      const at = Number(/at byte (\d+)/.exec(messageOf(() => readLines(bytes, 'x')))![1]);
      expect([decodes(bytes.subarray(0, at)), decodes(bytes.subarray(0, at + 1))]).toEqual([true, false]);
    }), { numRuns: 500 });
  });
});

describe('tsv', () => {
  const TATOEBA = 'Go.\t行け。\tCC-BY 2.0 (France)\nHi.\tやあ。\tCC-BY 2.0 (France)\n';

  it('takes the columns asked for, from a file or a zip archive', () => {
    const expected = [['行け。', 'Go.'], ['やあ。', 'Hi.']];
    expect(sides([file('jpn.txt', TATOEBA)], { source: 2, target: 1 })).toEqual(expected);
    const zip = { name: 'jpn-eng.zip', bytes: buildZip([{ name: '_about.txt', bytes: file('', 'x').bytes }, { name: 'jpn.txt', bytes: file('', TATOEBA).bytes }]) };
    expect(sides([zip], { source: 2, target: 1 })).toEqual(expected);
    expect(readParallelText([zip], { source: 1, target: 3 }).report.format).toBe('tsv');
  });

  it('counts a blank line as an empty pair', () => {
    expect(readParallelText([file('x.tsv', 'a\tb\n\n\tc\nd\te\n')], { source: 1, target: 2 }).report).toEqual({
      format: 'tsv', read: 4, empty: { count: 2, lines: [2, 3] }, duplicates: 0,
    });
  });

  it('reads the committed sample of Tatoeba', () => {
    const bytes = readFileSync(new URL('../reference/fixtures/tatoeba_sample.tsv', import.meta.url));
    const { pairs, report } = readParallelText([{ name: 'tatoeba_sample.tsv', bytes }], { source: 2, target: 1 });
    expect(report).toEqual({ format: 'tsv', read: 200, empty: { count: 0, lines: [] }, duplicates: 0 });
    expect(pairs[0]).toEqual({ source: '１人の男が私に手を振っていた。', target: 'A man stood waving his hand to me.' });
  });

  it.each<[string, NamedFile[], string]>([
    ['a line of too few columns', [file('x.tsv', 'a\tb\tc\na\tb\n')],
      'x.tsv: expected at least 3 columns parted by tabs in line 2, got 2; correct the line or choose other columns'],
    ['an archive of two texts', [{ name: 'x.zip', bytes: buildZip(['a.txt', 'b.txt'].map((name) => ({ name, bytes: file('', 'a\tb\tc').bytes }))) }],
      'tsv: expected one file, got x.zip: a.txt, x.zip: b.txt'],
    ['bytes in a member that are no UTF-8', [{ name: 'x.zip', bytes: buildZip([{ name: 'a.txt', bytes: Uint8Array.of(0xff) }]) }],
      'x.zip: a.txt: expected text in UTF-8, got the byte 0xff in line 1, at byte 0; convert it with `iconv -t UTF-8`'],
  ])('refuses %s', (_, files, message) => {
    expect(() => readParallelText(files, { format: 'tsv', source: 3, target: 1 })).toThrow(new DataError(message));
  });

  it('refuses a damaged archive by its name', () => {
    const bytes = buildZip([{ name: 'a.txt', bytes: file('', 'a\tb').bytes, crc32: 1 }]);
    expect(() => readParallelText([{ name: 'x.zip', bytes }], { source: 1, target: 2 })).toThrow(/^x\.zip: a\.txt: expected CRC-32 00000001/);
  });
});

describe('iwslt', () => {
  const TRAIN_EN = '<url>http://x</url>\n<keywords>talks</keywords>\n<speaker>A</speaker>\n<talkid>1</talkid>\n<title>T</title>\n<description>D</description>\n  Hello.  \nYes &amp; no\n<reviewer>R</reviewer>\nOdd.\n';
  const TRAIN_JA = TRAIN_EN.replace('  Hello.  ', ' やあ。').replace('Yes &amp; no', 'はい').replace('Odd.', '<笑>');

  it('takes the lines without tags, trimmed, from training files', () => {
    const files = [file('train.tags.en-ja.en', TRAIN_EN), file('train.tags.en-ja.ja', TRAIN_JA)];
    const expected = [['やあ。', 'Hello.'], ['はい', 'Yes &amp; no'], ['<笑>', 'Odd.']];
    expect(sides(files, JA_EN)).toEqual(expected);
    expect(sides(files, { source: 'en', target: 'ja' })).toEqual(expected.map(([ja, en]) => [en, ja]));
    expect(readParallelText(files, JA_EN).report).toEqual({ format: 'iwslt', read: 3, empty: { count: 0, lines: [] }, duplicates: 0 });
  });

  it('lets the first language of the pair decide what is a tag', () => {
    const files = [file('train.tags.ja-en.en', 'a\nb'), file('train.tags.ja-en.ja', '<a>\n二')];
    expect(sides(files, JA_EN)).toEqual([['二', 'b']]);
  });

  const xml = (segments: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<mteval>\n<doc docid="1">\n<talkid>1</talkid>\n${segments}</doc>\n</mteval>\n`;
  const devJa = (segments: string) => file('IWSLT17.TED.dev2010.en-ja.ja.xml', xml(segments));
  const devEn = (segments: string) => file('IWSLT17.TED.dev2010.en-ja.en.xml', xml(segments));

  it('takes the segments of development and test files', () => {
    const files = [devJa('<seg id="1"> 一 </seg>\n<seg id="2">二</seg>\n'), devEn('<title>x</title>\n<seg id="1"> One. </seg>\n  <seg id="2">2 > 1</seg> \n')];
    expect(sides(files, JA_EN)).toEqual([['一', 'One.'], ['二', '2 > 1']]);
    expect(readParallelText([devJa('<seg id="1">一</seg>\n<seg id="2"></seg>\n'), devEn('<seg id="1">a</seg>\n<seg id="2">b</seg>\n')], JA_EN).report.empty).toEqual({ count: 1, lines: [6] });
  });

  it.each<[string, NamedFile[], RegExp]>([
    ['other ids', [devJa('<seg id="1">一</seg>\n<seg id="3">三</seg>\n'), devEn('<seg id="1">a</seg>\n<seg id="2">b</seg>\n')],
      /en\.xml: expected 2 segments in the order of \S+ja\.xml, which has segment 3 in line 6 as number 2, got 2 and there segment 2 in line 6;/],
    ['a segment too few', [devJa('<seg id="1">一</seg>\n<seg id="2">三</seg>\n'), devEn('<seg id="1">a</seg>\n')], /expected 2 segments .* got 1 and there no more segments;/],
    ['a segment too many', [devJa('<seg id="1">一</seg>\n'), devEn('<seg id="1">a</seg>\n<seg id="2">b</seg>\n')],
      /expected 1 segments .* which has no more segments as number 2, got 2 and there segment 2 in line 6;/],
    ['a segment left open', [devJa('<seg id="1">一\n</seg>\n'), devEn('<seg id="1">a</seg>\n')], /ja\.xml: expected <seg id="\.\.\."> sentence <\/seg> in line 5, got "<seg id=\\"1\\">一"/],
    ['two kinds of file', [devJa('<seg id="1">一</seg>\n'), file('train.tags.en-ja.en', 'a')], /train\.tags\.en-ja\.en: expected two \.xml files or two of tagged lines, got it beside/],
    ['files of different lengths', [file('train.tags.en-ja.ja', 'a\n'), file('train.tags.en-ja.en', 'a\nb\n')], /train\.tags\.en-ja\.en: expected 1 lines, as many as train\.tags\.en-ja\.ja has, got 2;/],
    ['no segments', [devJa(''), devEn('')], /expected at least one pair of sentences, got none; name other files/],
  ])('refuses %s', (_, files, message) => {
    expect(() => readParallelText(files, JA_EN)).toThrow(message);
    expect(() => readParallelText(files, JA_EN)).toThrow(DataError);
  });
});

const hasCorpora = existsSync(`${SHARED}tatoeba_jpn_eng/jpn-eng.zip`);
describe.skipIf(!hasCorpora)(`the corpora of ../shared/data${hasCorpora ? '' : ' (skipped: the folder is not there)'}`, () => {
  const shared = (name: string): NamedFile => ({ name, bytes: readFileSync(SHARED + name) });

  it("has Tatoeba's 62,487 pairs straight from the archive", () => {
    const { pairs, report } = readParallelText([shared('tatoeba_jpn_eng/jpn-eng.zip')], { source: 2, target: 1 });
    expect(report).toEqual({ format: 'tsv', read: 62_487, empty: { count: 0, lines: [] }, duplicates: 0 });
    expect(pairs[0]).toEqual({ source: '行け。', target: 'Go.' });
  });

  it("has small_parallel_enja's 50,000 pairs", () => {
    const { pairs, report } = readParallelText(['ja', 'en'].map((language) => shared(`small_parallel_enja/train.${language}`)), JA_EN);
    expect([pairs.length, report.read, report.empty.count]).toEqual([50_000, 50_000, 0]);
    expect(pairs[0].target.startsWith("i can 't tell who will arrive first")).toBe(true);
  });
});
