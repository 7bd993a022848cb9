import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { linear, matmul, mul, Stepper, sum, Tensor, type DType } from '../../src/tensor/index.js';

const core = await openCore();
const stepper = new Stepper(core);

/** Pseudo-random values in [-0.5, 0.5), of which `zeros` in 100 are zero. */
function values(count: number, seed: number, zeros: number): number[] {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => (next() * 100 < zeros ? 0 : Math.fround(next() - 0.5)));
}

/** The plain product: one sum per element, k ascending, rounded to the dtype after every operation. */
function plainProduct(a: number[], b: number[], m: number, n: number, k: number, dtype: DType): number[] {
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;
  const out: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let t = 0; t < k; t++) total = round(total + round(a[i * k + t]! * b[t * n + j]!));
      out.push(total);
    }
  }
  return out;
}

function transposed(matrix: number[], rows: number, columns: number): number[] {
  return Array.from({ length: rows * columns }, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** The core's product of row-major a [m, k] and b [k, n], stored transposed where asked. */
function product(a: number[], b: number[], m: number, n: number, k: number, dtype: DType, transposeA: boolean, transposeB: boolean): number[] {
  const left = Tensor.from(core, transposeA ? transposed(a, m, k) : a, transposeA ? [k, m] : [m, k], dtype);
  const right = Tensor.from(core, transposeB ? transposed(b, k, n) : b, transposeB ? [n, k] : [k, n], dtype);
  const out = stepper.step((tape) => Array.from(matmul(tape, left, right, { transposeA, transposeB }).toArray()));
  left.dispose();
  right.dispose();
  return out;
}

const shape = fc.record({
  m: fc.integer({ min: 1, max: 300 }), n: fc.integer({ min: 1, max: 200 }), k: fc.integer({ min: 1, max: 260 }),
  dtype: fc.constantFrom<DType>('float32', 'float64'), transposeA: fc.boolean(), transposeB: fc.boolean(),
  zerosA: fc.constantFrom(0, 20, 50, 90, 100), zerosB: fc.constantFrom(0, 50, 95), seed: fc.nat(),
});

describe('matrix product', () => {
  it('has the bits of the plain product for every shape, transpose, dtype and share of zeros', () => {
    fc.assert(
      fc.property(shape, ({ m, n, k, dtype, transposeA, transposeB, zerosA, zerosB, seed }) => {
        const a = values(m * k, seed, zerosA);
        const b = values(k * n, seed + 1, zerosB);
        expect(product(a, b, m, n, k, dtype, transposeA, transposeB)).toEqual(plainProduct(a, b, m, n, k, dtype));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [500, 70, 900, 0, 0],
    [200, 80, 1000, 60, 0],
    [300, 200, 600, 0, 70],
    [131, 257, 130, 40, 40],
    [400, 50, 300, 90, 0],
    [50, 400, 300, 0, 90],
  ])('has the bits of the plain product across blocks: %i x %i x %i, %i and %i in 100 zero', (m, n, k, zerosA, zerosB) => {
    const a = values(m * k, 3, zerosA);
    const b = values(k * n, 4, zerosB);
    expect(product(a, b, m, n, k, 'float32', false, false)).toEqual(plainProduct(a, b, m, n, k, 'float32'));
  });

  it.each(['float32', 'float64'] as const)('lets NaN and infinity through where the other factor is mostly zero (%s)', (dtype) => {
    const [m, n, k] = [170, 180, 140];
    const sparse = values(m * k, 5, 80);
    const broken = values(k * n, 6, 0);
    broken[10 * n + 3] = NaN;
    broken[20 * n + 7] = Infinity;
    const expected = plainProduct(sparse, broken, m, n, k, dtype);
    expect(expected.filter(Number.isNaN).length).toBeGreaterThanOrEqual(m);
    expect(product(sparse, broken, m, n, k, dtype, false, false)).toEqual(expected);
    const mirrored = plainProduct(broken, sparse, m, n, k, dtype);
    expect(product(broken, sparse, m, n, k, dtype, true, true)).toEqual(mirrored);
  });

  it('names what was expected and given', () => {
    const a = Tensor.zeros(core, [2, 3]);
    stepper.step((tape) => {
      expect(() => matmul(tape, a, a)).toThrow('matmul: expected equal inner extents, got [2, 3] times [2, 3]');
      expect(() => matmul(tape, a, Tensor.zeros(core, [3, 2], 'float64'))).toThrow('matmul: expected one dtype, got float32 and float64');
      expect(() => linear(tape, a, Tensor.zeros(core, [4, 3]), null, 'relu' as never)).toThrow("linear: expected options such as { activation: 'relu' }, got \"relu\"");
      expect(() => linear(tape, a, Tensor.zeros(core, [4, 5]), null)).toThrow('linear: expected weight [out, 3]');
    });
  });
});

describe('linear with an input offset', () => {
  const offset = -0.4242;
  const [batch, inputs, outputs] = [9, 21, 6];
  const stored = values(batch * inputs, 1, 80);

  function run(x: number[], inputOffset: number) {
    const images = Tensor.from(core, x, [batch, inputs], 'float64');
    const weight = Tensor.from(core, values(outputs * inputs, 2, 0), [outputs, inputs], 'float64');
    const bias = Tensor.from(core, values(outputs, 3, 0), [outputs], 'float64');
    const factor = Tensor.from(core, values(batch * outputs, 4, 0), [batch, outputs], 'float64');
    for (const parameter of [images, weight, bias]) parameter.requiresGrad = true;
    return stepper.step((tape) => {
      const output = linear(tape, images, weight, bias, { activation: 'tanh', inputOffset });
      tape.backward(sum(tape, mul(tape, output, factor)));
      return [output, images.grad!, weight.grad!, bias.grad!].map((tensor) => Array.from(tensor.toArray()));
    });
  }

  it('computes what the layer computes on the whole input, and its gradients', () => {
    const withOffset = run(stored, offset);
    const plain = run(stored.map((value) => value + offset), 0);
    // float64: only the grouping of the sums differs.
    withOffset.forEach((array, which) => array.forEach((value, i) => expect(Math.abs(value - plain[which]![i]!)).toBeLessThan(1e-14)));
  });
});
