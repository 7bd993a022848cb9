import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';

type FunctionName = 'exp' | 'log' | 'tanh' | 'erf' | 'sin' | 'cos';
type Width = 'f32' | 'f64';
const FUNCTIONS: FunctionName[] = ['exp', 'log', 'tanh', 'erf', 'sin', 'cos'];
const WIDTHS: Width[] = ['f32', 'f64'];

const core = await openCore();
const fused = await openCore({ profile: 'fused' }).catch(() => undefined);

const MOST = 300_000;
const places = new Map<Core, { input: number; output: number }>();

/** Where a core keeps this file's arrays. */
function place(of: Core) {
  let found = places.get(of);
  if (found === undefined) {
    found = { input: of.memory.allocate(8 * MOST, 'input'), output: of.memory.allocate(8 * MOST, 'output') };
    places.set(of, found);
  }
  return found;
}

function applyF32(name: FunctionName | 'sqrt', values: Float32Array, of = core): Float32Array {
  const { input, output } = place(of);
  // By bits: a copy by value may change the bits of a NaN.
  new Uint8Array(of.memory.wasm.buffer, input).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  of.kernels[`elementwise_${name}_f32`](input, output, values.length);
  return new Float32Array(of.memory.wasm.buffer.slice(output, output + 4 * values.length));
}

function applyF64(name: FunctionName | 'sqrt', values: Float64Array, of = core): Float64Array {
  const { input, output } = place(of);
  new Uint8Array(of.memory.wasm.buffer, input).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  of.kernels[`elementwise_${name}_f64`](input, output, values.length);
  return new Float64Array(of.memory.wasm.buffer.slice(output, output + 8 * values.length));
}

/** The bits of the results, as integers that compare exactly. */
function bitsOf(width: Width, name: FunctionName | 'sqrt', values: number[] | Float64Array, of = core): (number | bigint)[] {
  return width === 'f32'
    ? [...new Uint32Array(applyF32(name, Float32Array.from(values), of).buffer)]
    : [...new BigUint64Array(applyF64(name, Float64Array.from(values), of).buffer)];
}

/** About 200,000 float32 over all bit patterns, and the edges of every exponent. */
function sampleF32(): Float32Array {
  const bits: number[] = [];
  for (let pattern = 0; pattern < 2 ** 32; pattern += 21_467) bits.push(pattern);
  for (let exponent = 0; exponent < 256; exponent++) {
    for (const fraction of [0, 1, 2, 0x3fffff, 0x400000, 0x7ffffe, 0x7fffff]) {
      bits.push(exponent * 2 ** 23 + fraction, 2 ** 31 + exponent * 2 ** 23 + fraction);
    }
  }
  return new Float32Array(Uint32Array.from(bits).buffer);
}

/**
 * float64 values of the function. Math.* is V8's fdlibm, within 1e-15 of the true value, which is
 * 1e-8 of a float32 unit. JavaScript has no erf: the float64 kernel, tested against mpmath below, is its reference.
 */
function reference(name: FunctionName, values: Float32Array): Float64Array {
  const wide = Float64Array.from(values);
  return name === 'erf' ? applyF64('erf', wide) : wide.map((x) => Math[name](x));
}

describe('float32 against float64', () => {
  const values = sampleF32();
  // Most with bench/math-ulp.mjs, over all 2^32 arguments: exp 0.5007, log 0.5001, tanh 0.5006,
  // erf 0.5019, sin and cos 0.5009.
  test.each(FUNCTIONS)('%s is within 0.51 units in the last place', (name) => {
    const results = applyF32(name, values);
    const resultBits = new Uint32Array(results.buffer);
    const exact = reference(name, values);
    const rounded = Float32Array.from(exact);
    const roundedBits = new Uint32Array(rounded.buffer);
    let worst = 0;
    const wrong: string[] = [];
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(exact[i])) {
        if (resultBits[i] !== 0x7fc00000) wrong.push(`${name}(${values[i]}) is not the canonical NaN`);
        continue;
      }
      if (roundedBits[i]! >>> 31 !== resultBits[i]! >>> 31) wrong.push(`${name}(${values[i]}): sign`);
      if (!Number.isFinite(rounded[i]) || !Number.isFinite(results[i])) {
        if (rounded[i] !== results[i]) wrong.push(`${name}(${values[i]}) = ${results[i]}, not ${rounded[i]}`);
        continue;
      }
      const exponent = Math.max((roundedBits[i]! >>> 23) & 255, 1);
      worst = Math.max(worst, Math.abs(results[i]! - exact[i]!) / 2 ** (exponent - 150));
    }
    expect(wrong).toEqual([]);
    expect(worst).toBeLessThanOrEqual(0.51);
  });
});

describe('float64 against mpmath', () => {
  const text = readFileSync(new URL('./math-reference.json', import.meta.url), 'utf8');
  const fixture = JSON.parse(text) as Record<FunctionName, [string, string][]>;
  /** Doubles in order as integers, -0 and 0 together. */
  const ordinal = (bits: bigint) => (bits >> 63n === 0n ? bits : -(bits & 0x7fffffffffffffffn));
  // Correctly rounded references: a distance of 1 is an error below 1.5 units.
  test.each(FUNCTIONS)('%s is the nearest double or the one beside it', (name) => {
    const values = new Float64Array(BigUint64Array.from(fixture[name].map(([x]) => BigInt(`0x${x}`))).buffer);
    const results = new BigUint64Array(applyF64(name, values).buffer);
    let worst = 0n;
    fixture[name].forEach(([x, expected], i) => {
      const bits = BigInt(`0x${expected}`);
      const got = results[i]!;
      const special = (bits & 0x7ff0000000000000n) === 0x7ff0000000000000n || bits << 1n === 1n << 64n;
      if (special || got >> 63n !== bits >> 63n) {
        expect(got.toString(16), `${name}(${values[i]}, bits ${x})`).toBe(bits.toString(16));
      }
      const distance = ordinal(got) - ordinal(bits);
      const size = distance < 0n ? -distance : distance;
      if (size > worst) worst = size;
    });
    expect(Number(worst)).toBeLessThanOrEqual(1);
  });
});

/** Values that take every branch: near 0, moderate, large, subnormal, out of range, special. */
const VARIED = [
  0, -0, 1, -1, 0.3, -0.3, 0.62, 0.63, 1.7, -2.5, 5.9, -9.04, 30, -88.5, 104.5, -104.5, 700, 709.9, -708.5, -745, 1e-40, -1e-310,
  1e5, -1e6, 1647099.5, -3e9, 1e22, 3e38, -1e300, 5e-324, Infinity, -Infinity, NaN, 1e-7, 0.9999, 1.0001, Math.PI / 2, -Math.PI,
];

describe.each(WIDTHS)('laws in %s', (width) => {
  test('tanh, erf and sin are odd and cos is even, to the bit', () => {
    const values = VARIED.filter((x) => !Number.isNaN(x));
    const negated = values.map((x) => -x);
    const flip = (bits: number | bigint) => (typeof bits === 'bigint' ? bits ^ (1n << 63n) : (bits ^ 0x80000000) >>> 0);
    const isNaNBits = (bits: number | bigint) => bits === 0x7fc00000 || bits === 0x7ff8000000000000n;
    for (const name of ['tanh', 'erf', 'sin'] as const) {
      const expected = bitsOf(width, name, values).map((bits) => (isNaNBits(bits) ? bits : flip(bits)));
      expect(bitsOf(width, name, negated), name).toEqual(expected);
    }
    expect(bitsOf(width, 'cos', negated)).toEqual(bitsOf(width, 'cos', values));
  });

  test('exact values', () => {
    const apply = (name: FunctionName | 'sqrt', x: number) => (width === 'f32' ? applyF32(name, Float32Array.of(x)) : applyF64(name, Float64Array.of(x)))[0];
    expect(apply('exp', 0)).toBe(1);
    expect(apply('exp', -0)).toBe(1);
    expect(apply('exp', -Infinity)).toBe(0);
    expect(apply('log', 1)).toBe(0);
    expect(apply('log', -0)).toBe(-Infinity);
    expect(apply('log', Infinity)).toBe(Infinity);
    expect(apply('cos', 0)).toBe(1);
    expect(apply('tanh', -Infinity)).toBe(-1);
    expect(apply('erf', Infinity)).toBe(1);
    for (const name of ['tanh', 'erf', 'sin', 'sqrt'] as const) expect(apply(name, -0)).toBe(-0);
    expect(apply('sqrt', 2)).toBe(width === 'f32' ? Math.fround(Math.SQRT2) : Math.SQRT2);
    expect(bitsOf(width, 'sqrt', [-1])).toEqual([width === 'f32' ? 0x7fc00000 : 0x7ff8000000000000n]);
  });

  test.each(FUNCTIONS)('%s: an element does not depend on its neighbours or its position', (name) => {
    const alone = VARIED.map((x) => bitsOf(width, name, [x])[0]);
    for (let shift = 0; shift < VARIED.length; shift++) {
      // Rotations by every amount, in steps that bring different neighbours together.
      const order = VARIED.map((_, i) => (i * 5 + shift) % VARIED.length);
      expect(new Set(order).size).toBe(VARIED.length);
      expect(bitsOf(width, name, order.map((i) => VARIED[i]!))).toEqual(order.map((i) => alone[i]));
    }
  });

  test.each([...FUNCTIONS, 'sqrt'] as const)('%s: any count, in place too, nothing written past the end', (name) => {
    const bytes = width === 'f32' ? 4 : 8;
    const pointer = place(core).input;
    const view = width === 'f32' ? core.memory.f32(pointer, 16) : core.memory.f64(pointer, 16);
    for (let count = 0; count <= 9; count++) {
      const values = Array.from({ length: count }, (_, i) => 0.25 + i);
      const expected = bitsOf(width, name, values);
      view.fill(-77);
      view.set(values);
      core.kernels[`elementwise_${name}_${width}`](pointer, pointer, count);
      const written = view.buffer.slice(pointer, pointer + bytes * count);
      expect(width === 'f32' ? [...new Uint32Array(written)] : [...new BigUint64Array(written)]).toEqual(expected);
      expect([...view.subarray(count)]).toEqual(Array(16 - count).fill(-77));
    }
  });

  test.skipIf(fused === undefined)('the fused build gives the same bits', () => {
    for (const name of FUNCTIONS) expect(bitsOf(width, name, VARIED, fused)).toEqual(bitsOf(width, name, VARIED));
  });
});
