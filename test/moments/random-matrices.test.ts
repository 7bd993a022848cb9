// Draws against those of network_moments with the same torch.manual_seed. Float64 normals agree with PyTorch to 1e-14, and a product
// of a few of them keeps that: 1e-12 of the largest value leaves room for the QR factorization.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { definite, ring, type DefiniteOptions, type RingOptions } from '../../src/moments/random-matrices.js';
import { Generator } from '../../src/random/index.js';
import { symmetricEigenvalues } from '../../src/matrices/index.js';
import { Stepper } from '../../src/tensor/index.js';
import { expectNear, libraryCases, type LibraryArray } from './library-fixture.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

function withGenerator<T>(seed: number, body: (generator: Generator) => T): T {
  const generator = new Generator(core, seed);
  try {
    return body(generator);
  } finally {
    generator.dispose();
  }
}

describe('definite', () => {
  interface Case { seed: number; size: number; options: DefiniteOptions; eigenvalues: LibraryArray; matrix: LibraryArray }

  it.each(libraryCases<Case>('definite').map((found) => [found.name, found] as const))("is the library's: %s", (name, { seed, size, options, eigenvalues, matrix }) => {
    withGenerator(seed, (generator) => stepper.step((tape) => {
      const made = definite(tape, generator, size, options);
      expect(made.shape).toEqual(matrix.shape);
      expectNear(made.toArray(), matrix, 1e-12, name);
      const found = symmetricEigenvalues(tape, made).toArray();
      const wanted = Array.from({ length: found.length / size }, (_, i) => (eigenvalues.values.slice(i * size, (i + 1) * size) as number[]).sort((a, b) => a - b)).flat();
      expectNear(found, wanted, 1e-12, `${name}: eigenvalues`);
    }));
  });

  it('is exactly symmetric and has the norm or trace asked for', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (size, seed, scale) => {
      withGenerator(seed, (generator) => stepper.step((tape) => {
        const values = definite(tape, generator, size, { norm: scale }).toArray();
        for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) expect(values[i * size + j]).toBe(values[j * size + i]);
        expect(Math.abs(Math.hypot(...values) / scale - 1)).toBeLessThan(1e-13);
        const traced = Array.from(definite(tape, generator, size, { trace: scale }).toArray());
        const trace = traced.filter((_, i) => i % (size + 1) === 0).reduce((sum, value) => sum + value, 0);
        expect(Math.abs(trace / scale - 1)).toBeLessThan(1e-13);
      }));
    }), { numRuns: 30 });
  });

  it('names what it cannot make', () => {
    const attempt = (size: number, options: DefiniteOptions) => () => withGenerator(1, (generator) => stepper.step((tape) => definite(tape, generator, size, options)));
    expect(attempt(0, {})).toThrow(new RangeError('definite: size: expected a whole number of at least 1, got 0'));
    expect(attempt(2, { batch: 1.5 })).toThrow(new RangeError('definite: batch: expected a whole number of at least 1, got 1.5'));
    expect(attempt(2, { norm: NaN })).toThrow(new RangeError('definite: norm: expected a finite number, got NaN'));
  });
});

describe('ring', () => {
  interface Case { seed: number; size: number[]; options: RingOptions; noise: LibraryArray }

  // A sigma below the tolerance gives noises of either sign: the library draws them, so they are drawn here.
  it.each(libraryCases<Case>('ring').map((found) => [found.name, found] as const))("is the library's: %s", (name, { seed, size, options, noise }) => {
    withGenerator(seed, (generator) => stepper.step((tape) => {
      const made = ring(tape, generator, size, options);
      expect(made.shape).toEqual(noise.shape);
      expectNear(made.toArray(), noise, 1e-13, name);
    }));
  });

  it('has the root mean square asked for, in either type', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      withGenerator(3, (generator) => stepper.step((tape) => {
        const values = Array.from(ring(tape, generator, [2, 31], { sigma: 2, tolerance: 0.5, batch: 50, dtype }).toArray());
        const spreads = Array.from({ length: 50 }, (_, i) => Math.sqrt(values.slice(62 * i, 62 * (i + 1)).reduce((sum, x) => sum + x * x, 0) / 62));
        expect(Math.min(...spreads)).toBeGreaterThan(1.5);
        expect(Math.max(...spreads)).toBeLessThan(2.5);
        expect(Math.max(...spreads) - Math.min(...spreads)).toBeGreaterThan(0.8);
      }));
    }
  });

  it('names what it cannot make', () => {
    const attempt = (shape: number[], options: RingOptions) => () => withGenerator(1, (generator) => stepper.step((tape) => ring(tape, generator, shape, options)));
    expect(attempt([0], {})).toThrow(new RangeError('ring: values: expected a whole number of at least 1, got 0'));
    expect(attempt([2], { sigma: -1 })).toThrow(new RangeError('ring: expected a finite sigma of at least 0, got -1'));
    expect(attempt([2], { tolerance: Infinity })).toThrow(new RangeError('ring: expected a finite tolerance of at least 0, got Infinity'));
  });
});
