import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { clipGradientNorm, Dropout, Embedding, Lstm, packSequences } from '../../src/nn/sequences.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, Tensor, type DType } from '../../src/tensor/index.js';

const core = await openCore({ kernels: 'all' });

describe('packSequences', () => {
  const batches = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });

  it('puts every step of every sequence into one row, the steps in order', () => {
    fc.assert(fc.property(batches, fc.integer({ min: 0, max: 3 }), (lengths, more) => {
      const steps = Math.max(...lengths) + more;
      const { order, batchSizes, positions, lastRows } = packSequences(Int32Array.from(lengths), steps);
      const expected = lengths.flatMap((length, b) => Array.from({ length }, (_, t) => b * steps + t));
      expect(Array.from(positions).sort((a, b) => a - b)).toEqual(expected);
      expect(batchSizes.reduce((total, size) => total + size, 0)).toBe(positions.length);
      let row = 0;
      batchSizes.forEach((size, t) => {
        for (const b of order.subarray(0, size)) expect(positions[row++]).toBe(b * steps + t);
      });
      lengths.forEach((length, b) => expect(positions[lastRows[b]!]).toBe(b * steps + length - 1));
    }));
  });

  it('has the longest first, of equal ones the first', () => {
    expect(packSequences(Int32Array.of(2, 3, 2, 3))).toEqual({
      order: Int32Array.of(1, 3, 0, 2), batchSizes: Int32Array.of(4, 4, 2),
      positions: Int32Array.of(3, 9, 0, 6, 4, 10, 1, 7, 5, 11), lastRows: Int32Array.of(6, 8, 7, 9),
    });
  });

  it('refuses lengths that are none', () => {
    expect(() => packSequences(new Int32Array(0))).toThrow('packSequences: expected lengths from 1 to 0, got none');
    expect(() => packSequences(Int32Array.of(2, 0))).toThrow('packSequences: expected lengths from 1 to 2, got 0');
    expect(() => packSequences(Int32Array.of(2, 5), 4)).toThrow('packSequences: expected lengths from 1 to 4, got 5');
  });
});

describe('Dropout', () => {
  const forward = (dropout: Dropout, generator: Generator | null, ...rows: Parameters<Dropout['forward']>[3][]) => {
    const stepper = new Stepper(core);
    const values = stepper.step((tape) => Array.from(dropout.forward(tape, tape.from([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]), generator, rows[0]).toArray()));
    stepper.dispose();
    return values;
  };

  it('draws for all rows and takes those that are there', () => {
    const whole = new Generator(core, 5), some = new Generator(core, 5);
    const mask = whole.dropoutMask(0.5, [6, 2]);
    const positions = Int32Array.of(5, 0, 3, 2);
    const expected = Array.from(positions).flatMap((row, i) => [0, 1].map((column) => (2 * i + column + 1) * mask.data[2 * row + column]!));
    expect(forward(new Dropout(0.5), some, { total: 6, positions })).toEqual(expected);
    expect(some.state()).toEqual(whole.state());
    mask.dispose();
    for (const generator of [whole, some]) generator.dispose();
  });

  it('leaves values and stream alone in evaluation and for p = 0', () => {
    const generator = new Generator(core, 5);
    const before = generator.state();
    for (const [p, from] of [[0, generator], [0.5, null]] as const) expect(forward(new Dropout(p), from)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(generator.state()).toEqual(before);
    expect(forward(new Dropout(1), generator)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    generator.dispose();
  });

  it('refuses what is no probability, and rows that are not drawn for', () => {
    for (const p of [-0.1, 1.1, NaN]) expect(() => new Dropout(p)).toThrow(new RangeError(`Dropout: expected a probability from 0 to 1, got ${p}`));
    const generator = new Generator(core, 5);
    expect(() => forward(new Dropout(0.5), generator, { total: 2, positions: Int32Array.of(0, 1, 2, 0) })).toThrow('expected indices from 0 to 1, got 2');
    generator.dispose();
  });
});

describe.each(['float32', 'float64'] as DType[])('clipGradientNorm, %s', (dtype) => {
  /** Norm before, and gradients after, of two parameters of which one more has no gradient. */
  function clip(gradients: number[][], maxNorm: number) {
    const parameters = [...gradients, []].map((values) => Tensor.from(core, values.map(() => 1), [values.length], dtype));
    gradients.forEach((values, i) => (parameters[i]!.grad = Tensor.from(core, values, [values.length], dtype)));
    const norm = clipGradientNorm(parameters, maxNorm);
    const after = gradients.map((_, i) => Array.from(parameters[i]!.grad!.data));
    for (const parameter of parameters) {
      parameter.grad?.dispose();
      parameter.dispose();
    }
    return { norm, after };
  }

  it('scales to the norm, all alike', () => {
    const { norm, after } = clip([[3, 0], [0, -4, 12]], 6.5);
    expect(norm).toBe(13);
    // PyTorch's 1e-6 keeps the result below: torch.nn.utils.clip_grad_norm_ multiplies by 6.5 / (13 + 1e-6) too.
    const factor = 6.5 / (13 + 1e-6);
    const round = dtype === 'float32' ? Math.fround : (x: number) => x;
    expect(after).toEqual([[3, 0], [0, -4, 12]].map((values) => values.map((value) => round(value * round(factor)))));
  });

  it('leaves what is small enough', () => {
    expect(clip([[0.5], [-0.25, 0]], 1)).toEqual({ norm: Math.sqrt(0.3125), after: [[0.5], [-0.25, 0]] });
    expect(clip([[0], [0]], 1).norm).toBe(0);
  });

  it('shows an infinite or NaN gradient in the norm', () => {
    expect(clip([[Infinity], [2]], 1)).toEqual({ norm: Infinity, after: [[NaN], [0]] });
    expect(clip([[NaN], [2]], 1)).toEqual({ norm: NaN, after: [[NaN], [NaN]] });
    for (const wrong of [-1, NaN]) expect(() => clip([[1]], wrong)).toThrow(new RangeError(`clipGradientNorm: expected maxNorm of at least 0, got ${wrong}`));
  });
});

describe('layers', () => {
  it('draw their values as float32 where asked, and give their memory back', () => {
    const held = core.memory.allocatedBytes;
    const generators = [new Generator(core, 3), new Generator(core, 3)];
    const [narrow, wide] = (['float32', 'float64'] as DType[]).map((dtype, i) => {
      const layers = [new Embedding(core, 5, 4, { dtype }), new Lstm(core, 4, 3, { dtype })] as const;
      for (const layer of layers) layer.initialize(generators[i]!, 'float32');
      return layers;
    });
    expect(Array.from(wide![0].weight.data)).toEqual(Array.from(narrow![0].weight.data));
    wide![1].parameters().forEach(([name, parameter], i) => {
      expect([name, Array.from(parameter.data)]).toEqual([narrow![1].parameters()[i]![0], Array.from(narrow![1].parameters()[i]![1].data)]);
      expect(parameter.requiresGrad).toBe(true);
    });
    for (const one of [...narrow!, ...wide!, ...generators]) one.dispose();
    expect(core.memory.allocatedBytes).toBe(held);
  });
});
