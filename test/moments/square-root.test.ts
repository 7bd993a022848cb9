import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { requireCovariance } from '../../src/moments/covariance-check.js';
import { sqrtm } from '../../src/moments/square-root.js';
import { add, matmul, mul, reshape, scale, Stepper, sum, Tensor, type Tape } from '../../src/tensor/index.js';
import { expectGradients, scatteredValues } from '../tensor/finite-differences.js';
import { expectNear, libraryCases, type LibraryArray } from './library-fixture.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

interface RootCase { matrix: LibraryArray; root: LibraryArray; weights: LibraryArray; gradient: LibraryArray | null }

describe('sqrtm', () => {
  it.each(libraryCases<RootCase>('squareRoot').map((found) => [found.name, found] as const))("is the library's: %s", (name, { matrix, root, weights, gradient }) => {
    const from = ({ values, shape }: LibraryArray) => Tensor.from(core, values as number[], shape, 'float64');
    const [x, w] = [from(matrix), from(weights)];
    x.requiresGrad = true;
    stepper.step((tape) => {
      const found = sqrtm(tape, x);
      // The root of a rounding error of 1e-16 is 1e-8: all that is known of a root where the matrix is singular.
      expectNear(found.toArray(), root, gradient === null ? 1e-7 : 1e-12, name);
      tape.backward(sum(tape, mul(tape, found, w)));
      // Roots' sums divide the gradient: 0.1 beside 100 here, so a few digits fewer.
      if (gradient !== null) expectNear(x.grad!.toArray(), gradient, 1e-11, `${name}: gradient`);
      else expect(x.grad!.toArray().every(Number.isFinite)).toBe(true);
    });
    for (const tensor of [x, w]) tensor.dispose();
  });

  it("names the library's fault: at a singular matrix its gradient is NaN, here the part between zeros is 0", () => {
    const fault = libraryCases<{ matrix: LibraryArray; faulty: { gradient: LibraryArray } }>('faults').find(({ name }) => name === 'sqrtm: gradient at a singular matrix')!;
    expect(fault.faulty.gradient.values).toContain(null);
    const x = Tensor.from(core, fault.matrix.values as number[], fault.matrix.shape, 'float64');
    x.requiresGrad = true;
    stepper.step((tape) => {
      tape.backward(sqrtm(tape, x));
      expect(x.grad!.toArray().every(Number.isFinite)).toBe(true);
    });
    x.dispose();
  });

  it('squares to the matrix, in batches and for singular ones', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.nat(), (size, rank, seed) => {
      stepper.step((tape) => {
        const factors = tape.from(scatteredValues(2 * size * rank, seed), [2 * size, rank], 'float64');
        const whole = matmul(tape, factors, factors, { transposeB: true }).toArray();
        const blocks = [0, 1].flatMap((b) => Array.from({ length: size * size }, (_, k) => whole[(b * size + Math.floor(k / size)) * 2 * size + b * size + (k % size)]!));
        const roots = sqrtm(tape, tape.from(blocks, [2, size, size], 'float64')).toArray();
        for (const b of [0, 1]) {
          const root = tape.from(roots.slice(b * size * size, (b + 1) * size * size), [size, size], 'float64');
          expectNear(matmul(tape, root, root).toArray(), blocks.slice(b * size * size, (b + 1) * size * size), 1e-13, `size ${size}, rank ${rank}`);
        }
      });
    }), { numRuns: 40 });
  });

  it('carries gradients, alone and in batches', () => {
    // sqrtm(A A^T + I), so that every change of A leaves it definite and symmetric.
    const n = 4;
    const root = (tape: Tape, a: Tensor, b: Tensor) => {
      const one = tape.from(Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)), [n, n], 'float64');
      const definite = (x: Tensor) => add(tape, matmul(tape, x, x, { transposeB: true }), one);
      return add(tape, sqrtm(tape, definite(a)), scale(tape, reshape(tape, sqrtm(tape, reshape(tape, definite(b), [1, n, n])), [n, n]), 0.5));
    };
    expectGradients(core, root, [{ shape: [n, n], values: scatteredValues(n * n, 3) }, { shape: [n, n], values: scatteredValues(n * n, 4) }]);
  });

  it('refuses what has no such root', () => {
    const attempt = (values: number[]) => () => stepper.step((tape) => sqrtm(tape, tape.from(values, [2, 2], 'float64')));
    expect(attempt([1, 2, 2, 1])).toThrow(/^sqrtm: expected a positive semidefinite matrix, got one whose smallest eigenvalue is -(1|0\.9999)\S* \(largest (3|2\.9999)\S*\)$/);
    expect(attempt([1, 2, 1, 1])).toThrow('sqrtm: expected a symmetric matrix, got 1 in row 1, column 0 and 2 in row 0, column 1: they differ by 1');
  });
});

describe('requireCovariance', () => {
  const check = (values: number[], shape: number[]) => () => {
    const matrix = Tensor.from(core, values, shape, 'float64');
    try {
      requireCovariance('--cov', matrix);
    } finally {
      matrix.dispose();
    }
  };

  it('takes what printed digits leave of a covariance', () => {
    check([1, 0.5, 0.5 + 1e-12, 1], [2, 2])();
    check([1, 1, 1, 1 - 1e-12], [2, 2])();
    check([0, 0, 0, 0], [2, 2])();
    check([1e-300, 0, 0, 1e300, 1e300, 0, 0, 0], [2, 2, 2])();
  });

  it('says by how much a matrix is no covariance', () => {
    expect(check([1, 0.5, 0.25, 1], [2, 2])).toThrow(new RangeError('--cov: expected a symmetric matrix, got 0.25 in row 1, column 0 and 0.5 in row 0, column 1: they differ by 0.25'));
    expect(check([1, 0, 0, -0.5], [2, 2])).toThrow(new RangeError('--cov: expected a positive semidefinite matrix, got one whose smallest eigenvalue is -0.5 (largest 1)'));
    expect(check([1, 0, 0, 1, -2, 0, 0, -3], [2, 2, 2])).toThrow('smallest eigenvalue is -3 (largest -2)');
    expect(check([1, NaN, 0, 1], [2, 2])).toThrow(new RangeError('--cov: expected finite values, got NaN at position 1'));
    expect(check([1, 2], [1, 2])).toThrow(new RangeError('--cov: expected shape [n, n] or [batch, n, n], got [1, 2]'));
  });

  it('gives its memory back', () => {
    check([1, 0, 0, 1], [2, 2])();
    const before = core.memory.allocatedBytes;
    check([1, 0, 0, 1], [2, 2])();
    expect(check([1, 2, 2, 1], [2, 2])).toThrow(RangeError);
    expect(core.memory.allocatedBytes).toBe(before);
  });
});
