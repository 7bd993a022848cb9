import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../../src/nn/index.js';

const array: fc.Arbitrary<NamedArray> = fc.oneof(
  fc.float32Array().map((values): NamedArray => ({ dtype: 'float32', shape: [values.length], values })),
  fc.float64Array().map((values): NamedArray => ({ dtype: 'float64', shape: [1, values.length], values })),
);
const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__' && text !== '__proto__');

/** A file by hand: header text, then values. */
function file(header: string, values: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(values, 8 + json.length);
  return bytes;
}

describe('safetensors', () => {
  it('reads back what it wrote, bit for bit', () => {
    fc.assert(fc.property(fc.array(fc.tuple(name, array)), fc.dictionary(name, fc.string()), (entries, metadata) => {
      const tensors = new Map(entries);
      const back = decodeSafetensors(encodeSafetensors({ tensors, metadata }), 'x');
      expect({ ...back.metadata }).toEqual({ ...metadata });
      expect([...back.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
      for (const [key, { dtype, shape, values }] of tensors) {
        const read = back.tensors.get(key)!;
        expect([read.dtype, read.shape]).toEqual([dtype, shape]);
        expect(Buffer.from(read.values.buffer).equals(Buffer.from(values.buffer, values.byteOffset, values.byteLength))).toBe(true);
      }
    }));
  });

  it("reads a Node Buffer, whose slice() copies nothing", () => {
    const tensors = new Map<string, NamedArray>([['a', { dtype: 'float32', shape: [2], values: Float32Array.of(1, 2) }]]);
    const back = decodeSafetensors(Buffer.from(encodeSafetensors({ tensors, metadata: {} })), 'x');
    expect(back.tensors.get('a')!.values).toEqual(Float32Array.of(1, 2));
  });

  it('is laid out as the format says: aligned, no gaps, float64 first', () => {
    const tensors = new Map<string, NamedArray>([['single', { dtype: 'float32', shape: [1], values: Float32Array.of(1) }], ['double', { dtype: 'float64', shape: [], values: Float64Array.of(2) }]]);
    const bytes = encodeSafetensors({ tensors, metadata: { who: 'me' } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { who: 'me' }, double: { dtype: 'F64', shape: [], data_offsets: [0, 8] }, single: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    });
    expect(bytes.length).toBe(8 + length + 12);
  });

  it('refuses every cut of a file, naming it', () => {
    const bytes = encodeSafetensors({ tensors: new Map([['w', { dtype: 'float32', shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) }]]), metadata: {} });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), 'cut.safetensors'), `${length} bytes`).toThrow(/^cut\.safetensors: expected a safetensors file, got /);
    }
  });

  const entry = (more: object) => JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...more } });
  it.each([
    ['no JSON', 'hello', 'a header that is not JSON'], ['a list', '[1]', 'a header that is no object'], ['null', 'null', 'a header that is no object'],
    ['an entry that is no object', '{"w":1}', 'tensor w without dtype, shape and data_offsets'], ['no shape', '{"w":{"dtype":"F32","data_offsets":[0,4]}}', 'tensor w without'],
    ['a negative extent', entry({ shape: [-1] }), 'tensor w without'], ['three offsets', entry({ data_offsets: [0, 2, 4] }), 'tensor w without'],
    ['another dtype', entry({ dtype: 'BF16' }), 'tensor w of dtype BF16 (F32 and F64 are read)'], ['a dtype of JavaScript', entry({ dtype: 'constructor' }), 'tensor w of dtype constructor'],
    ['too few bytes', entry({ shape: [2] }), 'tensor w of 8 bytes at 0 to 4 in 4'], ['bytes beyond the end', entry({ data_offsets: [4, 8] }), 'tensor w of 4 bytes at 4 to 8 in 4'],
    ['metadata that is no object', '{"__metadata__":3}', 'metadata that is no object of texts'], ['metadata that is no text', '{"__metadata__":{"a":1}}', 'metadata that is no object of texts'],
  ])('refuses a header with %s', (_, header, message) => {
    expect(() => decodeSafetensors(file(header, new Uint8Array(4)), 'x')).toThrow(`x: expected a safetensors file, got ${message}`);
  });

  it('survives any bytes without another error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => decodeSafetensors(bytes, 'x')).toThrow(/^x: expected a safetensors file, got /);
    }));
    fc.assert(fc.property(fc.json(), (header) => {
      try {
        decodeSafetensors(file(header), 'x');
      } catch (error) {
        expect((error as Error).message).toMatch(/^x: expected a safetensors file, got /);
      }
    }));
  });
});
