// LIBSVM's format against Python's reading of the same text (test/reference/libsvm_data.py), every refusal, and rows taken out.
import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { denseRows, loadLibsvm, parseLibsvm, selectLibsvmRows, splitLibsvm, type LibsvmDataset } from '../../src/data/index.js';
import { parseDecimal } from '../../src/data/libsvm-number.js';
import { Generator } from '../../src/random/index.js';
import { MemoryFiles } from '../outputs/memory-files.js';

interface Fixture {
  text: string;
  rows: { label: number; indices: number[]; bits: string[] }[];
  splits: { count: number; fraction: number; seed: number; sizes: [number, number]; train: number[]; validation: number[] }[];
}

const fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/libsvm.json', import.meta.url), 'utf8')) as Fixture;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, features?: number) => parseLibsvm(bytesOf(text), { file: 'DIR/some.txt', ...(features === undefined ? {} : { features }) });

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

/** Row by row, as the fixture has them. */
function rowsOf({ count, indptr, indices, values, labels }: LibsvmDataset): Fixture['rows'] {
  return Array.from({ length: count }, (_, row) => ({
    label: labels[row],
    indices: Array.from(indices.subarray(indptr[row], indptr[row + 1]), (index) => index + 1),
    bits: Array.from(values.subarray(indptr[row], indptr[row + 1]), bitsOf),
  }));
}

describe('reading', () => {
  it('agrees with Python in every row and every bit, plain and gzip, and from the middle of a buffer', async () => {
    const bytes = bytesOf(fixture.text);
    const roomy = new Uint8Array(bytes.length + 9);
    roomy.fill(49);
    roomy.set(bytes, 4);
    for (const file of [bytes, gzipSync(bytes), roomy.subarray(4, 4 + bytes.length)]) {
      const dataset = await parseLibsvm(file, { file: 'DIR/some.txt.gz' });
      expect(rowsOf(dataset)).toEqual(fixture.rows);
      expect(dataset).toMatchObject({
        name: 'some.txt', count: fixture.rows.length, classes: [-1, 1, 2, 3.5, 10],
        features: Math.max(...fixture.rows.flatMap(({ indices }) => indices)),
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
    }
  });

  it('takes the number of features it is given, a last line without a line end, a byte order mark and labels alone', async () => {
    expect(await parse('\ufeff+1 2:3\n-1', 7)).toMatchObject({ count: 2, features: 7, labels: Float64Array.of(1, -1), indptr: Int32Array.of(0, 1, 1), classes: [-1, 1] });
    expect((await parse('-0\n0 1:0')).classes).toEqual([0]);
    expect((await parse('1\r\n2 3:4\r', 3)).values).toEqual(Float64Array.of(4));
  });

  it('gives back any rows that are written', async () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    const row = fc.record({ label: fc.integer({ min: -9, max: 9 }), entries: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 40 }), value), { selector: ([index]) => index, maxLength: 8 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), fc.constantFrom('\n', '\r\n'), async (rows, lineEnd) => {
        const sorted = rows.map(({ label, entries }) => ({ label, entries: [...entries].sort(([a], [b]) => a - b) }));
        const shown = (number: number) => (Object.is(number, -0) ? '-0' : String(number));
        const text = sorted.map(({ label, entries }) => [label, ...entries.map(([index, number]) => `${index}:${shown(number)}`)].join(' ') + lineEnd).join('');
        const expected = sorted.map(({ label, entries }) => ({ label, indices: entries.map(([index]) => index), bits: entries.map(([, number]) => bitsOf(number)) }));
        expect(rowsOf(await parse(text, 40))).toEqual(expected);
      }),
    );
  });

  it('reads 200,000 lines', async () => {
    const lines = Array.from({ length: 200_000 }, (_, row) => `${(row % 3) + 1} 1:0.${row} ${2 + (row % 50)}:${row}e-3 54:-1`);
    const dataset = await parse(lines.join('\n'));
    expect(dataset).toMatchObject({ count: 200_000, features: 54, classes: [1, 2, 3] });
    expect(dataset.values).toHaveLength(600_000);
    let wrong = 0;
    for (let row = 0; row < 200_000; row++) {
      const expected = [Number(`0.${row}`), row / 1000, -1];
      if (dataset.indptr[row + 1] !== 3 * row + 3 || dataset.labels[row] !== (row % 3) + 1 || dataset.indices[3 * row + 1] !== 1 + (row % 50)) wrong++;
      if (expected.some((value, at) => dataset.values[3 * row + at] !== value)) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

describe('decimal numbers', () => {
  const read = (text: string) => parseDecimal(bytesOf(`7${text}7`), 1, 1 + text.length);

  it('are rounded as the language rounds them', () => {
    const digits = fc.stringMatching(/^\d{0,20}$/);
    const text = fc.tuple(fc.constantFrom('', '+', '-'), digits, fc.constantFrom('', '.'), digits, fc.option(fc.integer({ min: -340, max: 340 })))
      .filter(([, whole, point, fraction]) => whole !== '' || (point !== '' && fraction !== ''))
      .map(([sign, whole, point, fraction, exponent]) => `${sign}${whole}${point}${point === '' ? '' : fraction}${exponent === null ? '' : `e${exponent}`}`);
    fc.assert(
      fc.property(text, (written) => {
        expect(bitsOf(read(written)), written).toBe(bitsOf(Number(written)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['', '+', '-', '.', '-.', 'e5', '.e5', '1e', '1e+', '1.2.3', '1e5.0', '1e5e5', '0x10', 'nan', 'inf', 'Infinity', '1_000', '1,5', '--1', '1-', '１', ' 1'])('%j is none', (written) => {
    expect(parseDecimal(bytesOf(written), 0, bytesOf(written).length)).toBeNaN();
  });
});

describe('what it refuses', () => {
  const cut = ' (the file ends here without a line end: it may be cut short)';
  const cases: [string, string, string][] = [
    ['a missing colon', '1 1:2\n1 3 4:1\n', 'line 2: expected index:value, with a colon, got "3"'],
    ['an index of 0', '1 0:2\n', 'line 1: expected an index of at least 1 (indices count from 1), got "0:2"'],
    ['a negative index', '# x\n\n1 -3:2\n', 'line 3: expected an index of at least 1 (indices count from 1), got "-3:2"'],
    ['an index that is not whole', '1 1.5:2\n', 'line 1: expected index:value, with a whole number for an index, got "1.5:2"'],
    ['no index', '1 :2\n', 'line 1: expected index:value, with a whole number for an index, got ":2"'],
    ['descending indices', '1 1:2 5:1 4:1\n', 'line 1: expected ascending indices, one above 5, got "4:1"'],
    ['an index twice', '1 5:1 5:1\n', 'line 1: expected ascending indices, one above 5, got "5:1"'],
    ['an index above the features', '1 1:2\n1 8:1\n', 'line 2: expected an index of at most 7, the number of features, got "8:1"'],
    ['a word for a value', '1 1:abc\n', 'line 1: expected index:value, with a finite number for a value, got "1:abc"'],
    ['NaN', '1 1:nan\n', 'line 1: expected index:value, with a finite number for a value, got "1:nan"'],
    ['an infinity', '1 1:-inf\n', 'line 1: expected index:value, with a finite number for a value, got "1:-inf"'],
    ['a value beyond float64', '1 1:1e309\n', 'line 1: expected index:value, with a finite number for a value, got "1:1e309"'],
    ['a value apart from its colon', '1 1: 2\n', 'line 1: expected index:value, with a finite number for a value, got "1:"'],
    ['two colons', '1 1:2:3\n', 'line 1: expected index:value, with a finite number for a value, got "1:2:3"'],
    ['qid', '1 qid:3 1:2\n', 'line 1: expected index:value alone (ranking data, with qid, is not read), got "qid:3"'],
    ['several labels', '1,3 1:2\n', 'line 1: expected one label a line (files of several labels a sample are not read), got "1,3"'],
    ['no label', '1 1:2\n1:2 2:3\n', 'line 2: expected a label before the first index:value, got "1:2"'],
    ['a word for a label', 'spam 1:2\n', 'line 1: expected a label, a finite number, got "spam"'],
    ['a label that is not finite', 'inf 1:2\n', 'line 1: expected a label, a finite number, got "inf"'],
    ['a lone carriage return', '1 1:2\r1 1:2\n', 'line 1: expected index:value, with a finite number for a value, got "1:2\\r1"'],
    ['a line cut in a value', '1 1:2\n1 1:2 3:', `line 2: expected index:value, with a finite number for a value, got "3:"${cut}`],
    ['a line cut in an index', '1 1:2\n1 1:2 34', `line 2: expected index:value, with a colon, got "34"${cut}`],
    ['a line cut in an exponent', '1 1:2e-', `line 1: expected index:value, with a finite number for a value, got "1:2e-"${cut}`],
    ['a long word', `${'x'.repeat(500)}\n`, `line 1: expected a label, a finite number, got "${'x'.repeat(60)}..."`],
  ];
  it.each(cases)('%s', async (_, text, message) => {
    const features = text.includes('8:1') ? 7 : undefined;
    await expect(parse(text, features)).rejects.toMatchObject({ name: 'DataError', message: `DIR/some.txt: ${message}; correct the line, or get the file again` });
  });

  it.each([
    ['an empty file', '', 'expected at least one sample, got an empty file; get the file again'],
    ['comments alone', '# one\n\n# two\n', 'expected at least one sample, got none in 3 lines; get the file again'],
    ['labels alone', '1\n2\n', 'expected at least one index:value, got 2 labels alone; get the file again'],
    ['bzip2', 'BZh91AY&SY', 'expected text or gzip, got bzip2; unpack it with `bunzip2 --keep DIR/some.txt` and name the unpacked file'],
  ])('%s', async (_, text, message) => {
    await expect(parse(text)).rejects.toMatchObject({ name: 'DataError', message: `DIR/some.txt: ${message}` });
  });

  it('xz, and any gzip file with bytes missing', async () => {
    await expect(parseLibsvm(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1), { file: 'a.xz' })).rejects.toThrow('a.xz: expected text or gzip, got xz; unpack it with `unxz --keep a.xz`');
    const packed = gzipSync(bytesOf(fixture.text.slice(0, 900)));
    for (let length = 2; length < packed.length; length += 7) {
      await expect(parseLibsvm(packed.subarray(0, length), { file: 'a.gz' }), `${length} bytes`).rejects.toMatchObject({ name: 'DataError', message: expect.stringMatching(/^a\.gz: expected /) });
    }
  });

  it('a number of features that is none', async () => {
    for (const features of [0, -1, 1.5, NaN, 2 ** 31]) {
      await expect(parse('1 1:2\n', features)).rejects.toThrow(`features: expected a whole number from 1 to 2147483647, got ${features}`);
    }
  });

  it('an index of more digits than a number holds', async () => {
    await expect(parse(`1 ${'9'.repeat(400)}:1\n`)).rejects.toThrow('line 1: expected an index of at most 2147483647, got "999');
  });
});

describe('loading', () => {
  it('reads through the files it is handed', async () => {
    const files = new MemoryFiles({ 'DIR/a.txt': '1 2:3\n' });
    expect(await loadLibsvm(files, 'DIR/a.txt', { features: 4 })).toMatchObject({ name: 'a.txt', count: 1, features: 4 });
    files.contents.set('DIR/bad', bytesOf('1 2\n'));
    await expect(loadLibsvm(files, 'DIR/bad')).rejects.toThrow('DIR/bad: line 1: expected index:value, with a colon, got "2"');
  });

  it('says where to get the usual files when there is none', async () => {
    const files = new MemoryFiles({ 'DIR/a.txt': '1 2:3\n' });
    await expect(loadLibsvm(files, 'DIR/ijcnn1')).rejects.toThrow(/^DIR\/ijcnn1: expected a file in LIBSVM's format, got no such file; https:.*ijcnn1 \(ijcnn1\.bz2\) and covtype\.binary/);
    await expect(loadLibsvm(files, 'DIR')).rejects.toThrow(/^DIR: expected a file in LIBSVM's format, got a folder; /);
  });
});

describe('rows taken out', () => {
  let core: Core;
  let dataset: LibsvmDataset;
  beforeAll(async () => {
    core = await openCore();
    dataset = await parse(fixture.text);
  });

  it.each(fixture.splits.map((split) => [`${split.count} rows, ${split.fraction}, seed ${split.seed}`, split] as const))('splits as PyTorch: %s', async (_, split) => {
    const numbered = await parse(Array.from({ length: split.count }, (_row, row) => `${row} 1:${row}`).join('\n'));
    const generator = new Generator(core, split.seed);
    const { train, validation } = splitLibsvm(numbered, split.fraction, generator);
    generator.dispose();
    expect([train.count, validation.count]).toEqual(split.sizes);
    expect(Array.from(train.labels.slice(0, 20))).toEqual(split.train);
    expect(Array.from(validation.values.slice(-20))).toEqual(split.validation);
    expect(new Set([...train.labels, ...validation.labels]).size).toBe(split.count);
  });

  it('refuses a fraction that leaves a part without rows', async () => {
    const generator = new Generator(core, 0);
    for (const fraction of [0, 1, -0.5, NaN, 2]) expect(() => splitLibsvm(dataset, fraction, generator)).toThrow(`splitLibsvm: expected a fraction above 0 and below 1, got ${fraction}`);
    const one = await parse('1 1:1\n');
    expect(() => splitLibsvm(one, 0.5, generator)).toThrow('splitLibsvm: expected fractions that leave no part empty, got 0.5 of 1, which is none');
    generator.dispose();
  });

  it('selects any rows, in any order and more than once', () => {
    const all = rowsOf(dataset);
    fc.assert(
      fc.property(fc.array(fc.nat(all.length - 1), { maxLength: 30 }), (rows) => {
        const selected = selectLibsvmRows(dataset, rows);
        expect(rowsOf(selected)).toEqual(rows.map((row) => all[row]));
        expect(selected).toMatchObject({ features: dataset.features, classes: dataset.classes, sha256: dataset.sha256 });
      }),
      { numRuns: 50 },
    );
    expect(() => selectLibsvmRows(dataset, [0, all.length])).toThrow(`selectLibsvmRows: expected rows from 0 to ${all.length - 1}, got ${all.length} at position 1`);
  });

  it.each([Float32Array, Float64Array])('writes dense rows: %o', (Values) => {
    const all = rowsOf(dataset);
    const rows = [5, 0, 5, all.length - 1];
    const expected = rows.map((row) => {
      const dense = new Values(dataset.features);
      all[row].indices.forEach((index, at) => (dense[index - 1] = dataset.values[dataset.indptr[row] + at]));
      return Array.from(dense);
    });
    const out = new Values(rows.length * dataset.features).fill(9);
    expect(denseRows(dataset, rows, out)).toBe(out);
    expect(Array.from(out)).toEqual(expected.flat());
  });

  it('leaves the room as it was when it refuses', () => {
    const out = new Float64Array(2 * dataset.features).fill(9);
    expect(() => denseRows(dataset, [0, -1], out)).toThrow('denseRows: expected rows from 0 to');
    expect(() => denseRows(dataset, [0, 0.5], out)).toThrow('got 0.5 at position 1');
    expect(() => denseRows(dataset, [0], out)).toThrow(`denseRows: expected room for [1, ${dataset.features}] values, got ${out.length}`);
    expect(out.every((value) => value === 9)).toBe(true);
  });
});
