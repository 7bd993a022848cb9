import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { add, matmul, Stepper, type DType } from '../../src/tensor/index.js';
import { operand, packFactor } from '../../src/tensor/product.js';
import { scatteredValues } from './scattered-values.js';

const core = await openCore();

describe('a packed factor', () => {
  const shapes = fc.record({
    m: fc.integer({ min: 1, max: 40 }), n: fc.integer({ min: 1, max: 70 }), k: fc.integer({ min: 1, max: 1000 }), turned: fc.boolean(),
    dtype: fc.constantFrom<DType>('float32', 'float64'),
  });

  it('gives the bits of the plain product, for any number of rows, again and again', () => {
    const stepper = new Stepper(core);
    fc.assert(fc.property(shapes, ({ m, n, k, turned, dtype }) => stepper.step((tape) => {
      const a = tape.from(scatteredValues(m * k, 1), [m, k], dtype), b = tape.from(scatteredValues(k * n, 2), turned ? [n, k] : [k, n], dtype);
      const expected = matmul(tape, a, b, { transposeB: turned });
      const multiply = packFactor(tape, b, n, k, operand(b, turned));
      const out = tape.empty([m, n], dtype, 'product');
      for (let time = 0; time < 2; time++) {
        multiply(m, a.source, out.pointer, false);
        expect(out.toArray()).toEqual(expected.toArray());
      }
      if (k > 1) return;
      multiply(m, a.source, out.pointer, true);
      expect(out.toArray()).toEqual(add(tape, expected, expected).toArray());
    })), { numRuns: 60 });
    stepper.dispose();
  });
});
