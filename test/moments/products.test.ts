// Products that leave out what is known beforehand have the bits of those that do not.
import { describe, expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { multiplyInto, rowsAt, symmetricProductInto, transposed, type Part } from '../../src/matrices/index.js';
import { rowsThrough } from '../../src/moments/covariance-ops.js';
import { matmul, Stepper, Tensor } from '../../src/tensor/index.js';
import { Generator } from '../../src/random/index.js';

const core = await openCore({ kernels: 'all' });
const generator = new Generator(core, 5);

describe('the symmetric product', () => {
  // Beside its tiles of 4, its blocks of 8 and its triangles of 192 rows; a depth of more than one block.
  test.each([[1, 1], [3, 5], [8, 2], [13, 100], [100, 100], [193, 7], [390, 3], [20, 900]])('of %i rows and depth %i', (n, k) => {
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      const x = generator.randn([n, k], 'float64');
      const rows = rowsAt(x.source, k);
      const whole = tape.empty([n, n], 'float64', 'whole'), symmetric = tape.empty([n, n], 'float64', 'symmetric');
      const compare = (a: Part, b: Part, depth: number) => {
        multiplyInto(core, n, n, depth, a, b, whole.pointer, n, false);
        symmetricProductInto(core, n, depth, a, b, symmetric.pointer);
        const [expected, found] = [whole.toArray(), symmetric.toArray()];
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            if (found[i * n + j] !== expected[i * n + j] || found[j * n + i] !== found[i * n + j]) throw new Error(`row ${i}, column ${j} differs`);
          }
        }
      };
      compare(rows, transposed(rows), k);
      const turned = tape.from(x.toArray(), [k, n], 'float64', 'turned');
      compare(transposed(rowsAt(turned.source, n)), rowsAt(turned.source, n), k);
      x.dispose();
      expect(symmetric.toArray().every(Number.isFinite)).toBe(true);
    });
    stepper.dispose();
  });
});

test.each([0, 0.3, 0.5, 1])('rows through a weight, with a share of %s of the columns zero', (share) => {
  const stepper = new Stepper(core);
  stepper.step((tape) => {
    const [batch, count, n, m] = [3, 7, 41, 10];
    const rows = generator.randn([batch, count, n], 'float64'), weight = generator.randn([m, n], 'float64');
    // Other columns in every sample.
    rows.data.forEach((_, at) => {
      const column = at % n, sample = Math.floor(at / (count * n));
      if ((column * 17 + sample * 5) % n < share * n) rows.data[at] = 0;
    });
    const dense = matmul(tape, Tensor.from(core, rows.toArray(), [batch * count, n], 'float64'), weight, { transposeB: true });
    expect(rowsThrough(tape, rows, weight).toArray()).toEqual(dense.toArray());
  });
  stepper.dispose();
});
