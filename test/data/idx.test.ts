import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { checkCounts, encodeIdxImages, encodeIdxLabels, IMAGE_PIXELS, parseIdxImages, parseIdxLabels } from '../../src/data/idx.js';

const SOURCE = { path: 'DIR/some-ubyte', remedy: 'get it again' };
const TEN = { first: 0, count: 10 };

/** Pixels that differ at every position, `[count, 28, 28]`. */
function somePixels(count: number): Uint8Array {
  return Uint8Array.from({ length: count * IMAGE_PIXELS }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(at, value);
  return copy;
}

describe('round trip', () => {
  it('gives images back, plain and gzip', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), fc.integer({ min: 0, max: 255 }), (count, packed, seed) => {
        const pixels = somePixels(count).map((pixel) => pixel ^ seed);
        const file = encodeIdxImages(pixels);
        const parsed = parseIdxImages(packed ? gzipSync(file) : file, SOURCE);
        expect(parsed.count).toBe(count);
        expect(Buffer.compare(parsed.pixels, pixels)).toBe(0);
        expect(Buffer.compare(parsed.raw, file)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('gives labels back, plain and gzip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), (labels, packed) => {
        const file = encodeIdxLabels(labels);
        const parsed = parseIdxLabels(packed ? gzipSync(file) : file, SOURCE, { first: 0, count: 256 });
        expect(parsed.labels).toEqual(labels);
      }),
    );
  });

  it('never accepts a file with bytes taken from its end or added to it', () => {
    const file = encodeIdxLabels(Uint8Array.from([1, 2, 3, 4, 5]));
    for (let length = 0; length < file.length; length++) {
      expect(() => parseIdxLabels(file.subarray(0, length), SOURCE, TEN)).toThrow(/^DIR\/some-ubyte: expected .*; get it again$/);
    }
    const packed = gzipSync(file);
    for (let length = 0; length < packed.length; length++) {
      expect(() => parseIdxLabels(packed.subarray(0, length), SOURCE, TEN)).toThrow(/^DIR\/some-ubyte: expected /);
    }
  });

  it('reads a view that does not start at byte 0 of its buffer', () => {
    const file = encodeIdxImages(somePixels(2));
    const roomy = new Uint8Array(file.length + 7);
    roomy.set(file, 3);
    expect(parseIdxImages(roomy.subarray(3, 3 + file.length), SOURCE).pixels).toEqual(somePixels(2));
  });
});

describe('errors name the file, the expected, the got and the remedy', () => {
  const images = encodeIdxImages(somePixels(2));
  const labels = encodeIdxLabels(Uint8Array.from([3, 9, 0]));
  const cases: [string, () => unknown, string][] = [
    ['a label file for images', () => parseIdxImages(labels, SOURCE), 'expected an image file (magic 00000803), got a label file (magic 00000801)'],
    ['an image file for labels', () => parseIdxLabels(images, SOURCE, TEN), 'expected a label file (magic 00000801), got an image file (magic 00000803)'],
    ['something else', () => parseIdxImages(new TextEncoder().encode('<html>not found</html>'), SOURCE), 'expected an image file (magic 00000803), got magic 3c68746d'],
    ['an empty file', () => parseIdxImages(new Uint8Array(0), SOURCE), 'expected an IDX header of 16 bytes, got a file of 0 bytes'],
    ['a header cut short', () => parseIdxImages(images.subarray(0, 9), SOURCE), 'expected an IDX header of 16 bytes, got a file of 9 bytes'],
    ['a cut file', () => parseIdxImages(images.subarray(0, 1000), SOURCE), 'expected 1584 bytes for 2 items, got 1000 (the file is cut short)'],
    ['trailing bytes', () => parseIdxLabels(Uint8Array.from([...labels, 0]), SOURCE, TEN), 'expected 11 bytes for 3 items, got 12 (bytes follow the last item)'],
    ['another image size', () => parseIdxImages(patched(images, 8, 32), SOURCE), 'expected images of 28x28 pixels, got 32x28'],
    ['no items', () => parseIdxLabels(encodeIdxLabels(new Uint8Array(0)), SOURCE, TEN), 'expected at least one item, got a count of 0'],
    ['an enormous count', () => parseIdxImages(patched(images, 4, 0xffffffff), SOURCE), 'for 4294967295 items, got 1584 (the file is cut short)'],
    ['a label too large', () => parseIdxLabels(labels, SOURCE, { first: 0, count: 9 }), 'expected labels 0 to 8, got 9 at item 1'],
    ['a label too small', () => parseIdxLabels(labels, SOURCE, { first: 1, count: 26 }), 'expected labels 1 to 26, got 0 at item 2'],
    [
      'counts that differ',
      () => checkCounts({ count: 2, source: { ...SOURCE, path: 'DIR/images' } }, { count: 3, source: SOURCE }),
      'expected 2 labels, one for each image of DIR/images, got 3',
    ],
  ];
  it.each(cases)('%s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ name: 'DataError', message: expect.stringContaining(message) }));
    expect(act).toThrow(/^DIR\/some-ubyte: .*; get it again$/);
  });
});

describe('gzip', () => {
  const file = encodeIdxLabels(Uint8Array.from({ length: 2000 }, (_, index) => (index * 7) % 10));
  const packed = gzipSync(file, { filename: 'labels', mtime: 0 });

  it('reads a header with a file name', () => {
    expect(parseIdxLabels(packed, SOURCE, TEN).raw).toEqual(file);
  });

  it('finds any flipped byte of the packed data', () => {
    for (let at = 17; at < packed.length; at++) {
      const damaged = packed.slice();
      damaged[at] ^= 0x10;
      expect(() => parseIdxLabels(damaged, SOURCE, TEN), `byte ${at}`).toThrow(/^DIR\/some-ubyte: expected /);
    }
  });

  it('refuses a second member', () => {
    const two = Uint8Array.from([...packed, ...gzipSync(new Uint8Array(5))]);
    expect(() => parseIdxLabels(two, SOURCE, TEN)).toThrow(/^DIR\/some-ubyte: expected 5 bytes unpacked, as it declares, got more/);
  });

  it('refuses a declared size that the packed bytes cannot hold, without taking the memory', () => {
    const bomb = packed.slice();
    new DataView(bomb.buffer).setUint32(bomb.length - 4, 559_000_000, true);
    expect(() => parseIdxLabels(bomb, SOURCE, TEN)).toThrow(/got a declared 559000000 bytes; the file is damaged/);
    new DataView(bomb.buffer).setUint32(bomb.length - 4, 4_000_000_000, true);
    expect(() => parseIdxLabels(bomb, SOURCE, TEN)).toThrow(/expected at most 560000000 bytes unpacked, got a declared 4000000000/);
  });
});
