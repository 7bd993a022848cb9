// Factorizations against what defines them: residuals, orthogonality, triangles and signs. Bounds are multiples of n 2^-53, the
// backward error that LAPACK's routines keep (Higham 2002, theorems 10.3, 19.4): a factor of 10 leaves room for sums over matrices.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { cholesky, qr, svd, symmetricEigen, symmetricEigenvalues } from '../../src/matrices/index.js';
import { Stepper, type Tensor } from '../../src/tensor/index.js';
import { scatteredValues } from '../tensor/scattered-values.js';

const ROUNDING = 2 ** -53;

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

type Matrix = { rows: number; columns: number; values: ArrayLike<number> };

function at({ columns, values }: Matrix, i: number, j: number): number {
  return values[i * columns + j]!;
}

function made(rows: number, columns: number, value: (i: number, j: number) => number): Matrix {
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns)) };
}

function scattered(rows: number, columns: number, seed: number): Matrix {
  return { rows, columns, values: scatteredValues(rows * columns, seed) };
}

const turned = (a: Matrix) => made(a.columns, a.rows, (i, j) => at(a, j, i));

function times(a: Matrix, b: Matrix): Matrix {
  return made(a.rows, b.columns, (i, j) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k++) sum += at(a, i, k) * at(b, k, j);
    return sum;
  });
}

const identity = (n: number) => made(n, n, (i, j) => (i === j ? 1 : 0));
const largest = (a: Matrix) => Array.from(a.values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const difference = (a: Matrix, b: Matrix) => largest(made(a.rows, a.columns, (i, j) => at(a, i, j) - at(b, i, j)));
const read = (tensor: Tensor): Matrix => ({ rows: tensor.shape.at(-2)!, columns: tensor.shape.at(-1)!, values: tensor.toArray() });

function onTensor<T>(a: Matrix, body: (tape: Parameters<Parameters<Stepper['step']>[0]>[0], matrix: Tensor) => T): T {
  return stepper.step((tape) => body(tape, tape.from(a.values, [a.rows, a.columns], 'float64')));
}

function expectOrthonormalColumns(q: Matrix): void {
  expect(difference(times(turned(q), q), identity(q.columns))).toBeLessThan(10 * (q.rows + 1) * ROUNDING);
}

/** a a^T + I. */
function definite(n: number, seed: number): Matrix {
  const a = scattered(n, n, seed);
  return made(n, n, (i, j) => at(times(made(1, n, (_, k) => at(a, i, k)), made(n, 1, (k) => at(a, j, k))), 0, 0) + (i === j ? 1 : 0));
}

const extents = fc.integer({ min: 1, max: 70 });

describe('cholesky', () => {
  it('gives a lower triangle with a positive diagonal whose square is the matrix', () => {
    fc.assert(fc.property(extents, fc.nat(), (n, seed) => {
      const a = definite(n, seed);
      const l = onTensor(a, (tape, matrix) => read(cholesky(tape, matrix)));
      expect(difference(times(l, turned(l)), a)).toBeLessThan(10 * n * ROUNDING * largest(a));
      for (let i = 0; i < n; i++) {
        expect(at(l, i, i)).toBeGreaterThan(0);
        for (let j = i + 1; j < n; j++) expect(at(l, i, j)).toBe(0);
      }
    }), { numRuns: 30 });
  });

  it('is the textbook\'s factor, over block borders too', () => {
    const n = 131, a = definite(n, 3);
    const plain = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = at(a, i, j);
        for (let k = 0; k < j; k++) sum -= plain[i * n + k]! * plain[j * n + k]!;
        plain[i * n + j] = i === j ? Math.sqrt(sum) : sum / plain[j * n + j]!;
      }
    }
    const l = onTensor(a, (tape, matrix) => read(cholesky(tape, matrix)));
    // Two orders of summation: the factor's condition, about 1000 here, times the rounding.
    expect(difference(l, { rows: n, columns: n, values: plain })).toBeLessThan(1e-10);
  });

  it('takes batches, and reads the lower triangle only', () => {
    const a = definite(9, 1), b = definite(9, 2);
    const spoilt = [a, b].map((m) => made(9, 9, (i, j) => (j > i ? NaN : at(m, i, j))));
    const both = stepper.step((tape) => cholesky(tape, tape.from(spoilt.flatMap(({ values }) => Array.from(values)), [2, 9, 9], 'float64')).toArray());
    const alone = [a, b].map((m) => Array.from(onTensor(m, (tape, matrix) => cholesky(tape, matrix).toArray())));
    expect(Array.from(both)).toEqual(alone.flat());
  });

  it('names the pivot that is not positive', () => {
    const attempt = (values: number[], shape: number[]) => () => stepper.step((tape) => cholesky(tape, tape.from(values, shape, 'float64')));
    expect(attempt([1, 2, 2, 1], [2, 2])).toThrow(new RangeError('cholesky: expected a positive definite matrix, got the pivot -3 in row 1'));
    expect(attempt([1, 0, 0, 1, 1, 0, 0, 0], [2, 2, 2])).toThrow('got the pivot 0 in row 1 of matrix 1');
    expect(attempt([NaN], [1, 1])).toThrow('got the pivot NaN in row 0');
    expect(attempt([1, 2], [1, 2])).toThrow(new RangeError('cholesky: expected as many rows as columns, got shape [1, 2]'));
    expect(attempt([1, 2], [2])).toThrow(RangeError);
    expect(() => stepper.step((tape) => cholesky(tape, tape.from([1], [1, 1])))).toThrow(new TypeError('cholesky: expected float64, got float32'));
  });
});

describe('qr', () => {
  const check = (a: Matrix) => {
    const k = Math.min(a.rows, a.columns);
    const { q, r } = onTensor(a, (tape, matrix) => {
      const factored = qr(tape, matrix);
      return { q: read(factored.q), r: read(factored.r) };
    });
    expect([q.rows, q.columns, r.rows, r.columns]).toEqual([a.rows, k, k, a.columns]);
    expectOrthonormalColumns(q);
    expect(difference(times(q, r), a)).toBeLessThanOrEqual(10 * (a.rows + a.columns) * ROUNDING * largest(a));
    for (let i = 0; i < k; i++) for (let j = 0; j < i; j++) expect(at(r, i, j)).toBe(0);
    return r;
  };

  it('gives orthonormal columns and a triangle whose product is the matrix, of any shape', () => {
    fc.assert(fc.property(extents, extents, fc.nat(), (m, n, seed) => void check(scattered(m, n, seed))), { numRuns: 30 });
  });

  it('takes columns that are 0 or equal, and any scale', () => {
    check(made(40, 40, () => 0));
    check(made(40, 35, (i, j) => (j % 3) * (i + 1)));
    for (const scale of [1e-300, 1e-160, 1e160, 1e300]) check(made(12, 9, (i, j) => scale * at(scattered(12, 9, 5), i, j)));
  });

  it("has LAPACK's signs: the first column's norm with the sign turned", () => {
    const r = check(made(3, 2, (i, j) => [[2, 1], [-1, 4], [2, 0]][i]![j]!));
    expect(at(r, 0, 0)).toBeCloseTo(-3, 14);
    expect(at(check(made(2, 2, (i, j) => (i === j ? 5 : 0))), 0, 0)).toBe(5);
  });

  it('refuses what is not finite', () => {
    expect(() => onTensor(made(2, 2, () => NaN), (tape, a) => qr(tape, a))).toThrow(new RangeError('qr: expected finite values, got NaN'));
  });
});

describe('symmetricEigen', () => {
  const symmetric = (n: number, seed: number) => {
    const a = scattered(n, n, seed);
    return made(n, n, (i, j) => at(a, Math.max(i, j), Math.min(i, j)));
  };
  const check = (a: Matrix) => {
    const { values, vectors, alone } = onTensor(a, (tape, matrix) => {
      const found = symmetricEigen(tape, matrix);
      return { values: Array.from(found.values.toArray()), vectors: read(found.vectors), alone: Array.from(symmetricEigenvalues(tape, matrix).toArray()) };
    });
    const n = a.rows, norm = Math.max(...values.map(Math.abs)), bound = 10 * n * ROUNDING * norm;
    expectOrthonormalColumns(vectors);
    const stretched = made(n, n, (i, j) => at(vectors, i, j) * values[j]!);
    expect(difference(times(stretched, turned(vectors)), a)).toBeLessThanOrEqual(bound);
    expect(values).toEqual([...values].sort((x, y) => x - y));
    alone.forEach((value, i) => expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(bound));
    for (let j = 0; j < n; j++) {
      const column = Array.from({ length: n }, (_, i) => at(vectors, i, j));
      expect(column.find((value) => Math.abs(value) === Math.max(...column.map(Math.abs)))).toBeGreaterThan(0);
    }
    return values;
  };

  it('gives orthonormal vectors that make the matrix, ascending values and documented signs', () => {
    fc.assert(fc.property(extents, fc.nat(), (n, seed) => void check(symmetric(n, seed))), { numRuns: 30 });
  });

  it('keeps to it beyond one block of reflectors and one buffer of rotations', () => {
    check(symmetric(211, 9));
  });

  it('takes degenerate matrices and any scale', () => {
    check(made(33, 33, () => 0));
    check(identity(20));
    check(made(20, 20, () => 1));
    check(made(30, 30, (i, j) => (i === j ? 10 ** -i : 0)));
    check(made(24, 24, (i, j) => (Math.abs(i - j) === 1 ? 1e-120 : 0)));
    check(made(24, 24, (i, j) => (i === j ? Math.floor(i / 6) : i + j === 23 ? 1e-9 : 0)));
    for (const scale of [1e-300, 1e-160, 1e160, 1e300]) check(made(12, 12, (i, j) => scale * at(symmetric(12, 5), i, j)));
  });

  it('finds the eigenvalues of the second difference, 2 - 2 cos(k pi / (n + 1))', () => {
    const n = 60;
    const values = check(made(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)));
    values.forEach((value, k) => expect(Math.abs(value - 2 + 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)))).toBeLessThan(1e-14));
  });

  it('reads the lower triangle only, takes batches, and refuses what is not finite', () => {
    const a = symmetric(7, 1), b = symmetric(7, 2);
    const lower = [a, b].map((m) => made(7, 7, (i, j) => (j > i ? 0.25 : at(m, i, j))));
    const both = stepper.step((tape) => symmetricEigen(tape, tape.from(lower.flatMap(({ values }) => Array.from(values)), [2, 7, 7], 'float64')).values.toArray());
    expect(Array.from(both)).toEqual([a, b].flatMap((m) => check(m)));
    expect(() => onTensor(made(2, 2, () => Infinity), (tape, m) => symmetricEigen(tape, m))).toThrow(new RangeError('symmetricEigen: expected finite values, got Infinity'));
  });
});

describe('svd', () => {
  const check = (a: Matrix) => {
    const { u, values, v } = onTensor(a, (tape, matrix) => {
      const found = svd(tape, matrix);
      return { u: read(found.u), values: Array.from(found.values.toArray()), v: read(found.v) };
    });
    expectOrthonormalColumns(u);
    expectOrthonormalColumns(v);
    const stretched = made(u.rows, u.columns, (i, j) => at(u, i, j) * values[j]!);
    expect(difference(times(stretched, turned(v)), a)).toBeLessThanOrEqual(10 * (a.rows + a.columns) * ROUNDING * (values[0] ?? 0));
    expect(values).toEqual([...values].sort((x, y) => y - x));
    expect(values.every((value) => value >= 0)).toBe(true);
    return values;
  };

  it('gives orthonormal columns on both sides that make the matrix, of any shape', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat(), (m, n, seed) => void check(scattered(m, n, seed))), { numRuns: 30 });
  });

  it('takes matrices of any rank and scale', () => {
    check(made(9, 6, () => 0));
    check(made(6, 9, (i, j) => (i + 1) * (j - 2)));
    check(made(20, 20, (i, j) => (j % 4) * (i - 7) + (j % 3)));
    for (const scale of [1e-300, 1e300]) check(made(7, 5, (i, j) => scale * at(scattered(7, 5, 5), i, j)));
  });

  it('finds small singular values to their own digits where columns are graded', () => {
    const q = onTensor(scattered(12, 12, 3), (tape, matrix) => read(qr(tape, matrix).q));
    const values = check(made(12, 12, (i, j) => at(q, i, j) * 10 ** (-2 * j)));
    values.forEach((value, j) => expect(Math.abs(value / 10 ** (-2 * j) - 1)).toBeLessThan(1e-14));
  });
});
