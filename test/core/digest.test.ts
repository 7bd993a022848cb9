import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, Digest, sha256 } from '../../src/core/index.js';

const node = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

describe('sha256', () => {
  it("is Node's", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      expect(await sha256(bytes)).toBe(node(bytes));
    }), { numRuns: 20 });
    expect(await sha256('abc é')).toBe(node('abc é'));
  });
});

describe('canonicalBytes', () => {
  it('are the little-endian bytes of finite values', () => {
    fc.assert(fc.property(fc.float64Array({ noNaN: true }), (values) => {
      expect(canonicalBytes(values)).toEqual(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }));
    fc.assert(fc.property(fc.float32Array({ noNaN: true }), (values) => {
      expect(canonicalBytes(values)).toEqual(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }));
  });

  it('hold one NaN, whatever its sign and payload', () => {
    const singles = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00000, 0x7f800001, 0x7fffffff, 0xff8abcde).buffer);
    expect(new Uint32Array(canonicalBytes(singles).buffer)).toEqual(new Uint32Array(5).fill(0x7fc00000));
    const doubles = new Float64Array(BigUint64Array.of(0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xfff123456789abcdn).buffer);
    expect(new BigUint64Array(canonicalBytes(doubles).buffer)).toEqual(new BigUint64Array(4).fill(0x7ff8000000000000n));
  });
});

describe('Digest', () => {
  const digest = (...parts: [string, Float32Array | Float64Array | number[]][]) => parts.reduce((all, [name, values]) => all.add(name, values), new Digest()).hex();
  const values = Float32Array.of(1, 2, 3);

  it('is the SHA-256 over names, kinds, counts and the SHA-256 of the values', async () => {
    const hash = node(new Uint8Array(values.buffer));
    expect(await digest(['a', values], ['b', values])).toBe(node(`a float32 3 ${hash}\nb float32 3 ${hash}\n`));
  });

  it('tells names, order, kind, sign of zero and values apart', async () => {
    const others = await Promise.all([
      digest(['a', values]), digest(['b', values]), digest(['a', Float64Array.from(values)]), digest(['a', values], ['b', values]), digest(['b', values], ['a', values]),
      digest(['a', [0]]), digest(['a', [-0]]), digest(['a', [NaN]]), digest(['a', []]), digest(),
    ]);
    expect(new Set(others).size).toBe(others.length);
  });

  it('takes lists as float64 and values as they were when added', async () => {
    expect(await digest(['a', [1, NaN]])).toBe(await digest(['a', Float64Array.of(1, NaN)]));
    const changing = Float32Array.of(1, 2, 3);
    const parts = new Digest().add('a', changing);
    changing[0] = 9;
    expect(await parts.hex()).toBe(await digest(['a', values]));
  });
});
