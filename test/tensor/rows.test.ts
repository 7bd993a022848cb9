import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { cast, gatherRows, Stepper, type DType } from '../../src/tensor/index.js';

let core: Core;
let stepper: Stepper;
beforeAll(async () => {
  core = await openCore();
  stepper = new Stepper(core);
});
afterAll(() => stepper.dispose());

describe.each(['float32', 'float64'] as DType[])('rows, %s', (dtype) => {
  it('gathers the rows that indices name, in their order, again and again', () => {
    stepper.step((tape) => {
      const x = tape.from([0.5, 1, 2, 3, 4, -0.25], [3, 2], dtype);
      const rows = gatherRows(tape, x, Int32Array.of(2, 0, 2));
      expect(rows.dtype).toBe(dtype);
      expect(rows.shape).toEqual([3, 2]);
      expect(Array.from(rows.toArray())).toEqual([4, -0.25, 0.5, 1, 4, -0.25]);
      expect(gatherRows(tape, x, new Int32Array(0)).shape).toEqual([0, 2]);
    });
  });

  it('names an index that is no row', () => {
    stepper.step((tape) => {
      const x = tape.from([1, 2], [2, 1], dtype);
      for (const wrong of [-1, 2]) expect(() => gatherRows(tape, x, Int32Array.of(0, wrong))).toThrow(`gatherRows: expected indices from 0 to 1, got ${wrong}`);
    });
  });
});

describe('cast', () => {
  it('widens exactly, narrows to the nearest, and leaves a tensor of that dtype alone', () => {
    stepper.step((tape) => {
      const wide = tape.from([0.1, 1 + 2 ** -25, 1e300, -0, NaN], [5], 'float64');
      const narrow = cast(tape, wide, 'float32');
      expect(Array.from(narrow.toArray())).toEqual([Math.fround(0.1), 1, Infinity, -0, NaN]);
      expect(Array.from(cast(tape, narrow, 'float64').toArray())).toEqual([Math.fround(0.1), 1, Infinity, -0, NaN]);
      expect(cast(tape, wide, 'float64')).toBe(wide);
    });
  });
});
