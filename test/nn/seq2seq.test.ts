// A whole small sequence-to-sequence model against PyTorch's (test/reference/recurrent.py): parameters, masks, gradients, fifty steps.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { Adam } from '../../src/nn/index.js';
import { Dropout } from '../../src/nn/sequences.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, type DType, type Tensor } from '../../src/tensor/index.js';
import { Seq2Seq, type Batch, type Sizes } from './seq2seq-model.js';

interface Values {
  shape: number[];
  values: number[];
}

interface Training {
  dropout: number;
  dtype: DType;
  losses: number[];
  gradients?: Record<string, Values>;
  trained?: Record<string, Values>;
}

interface Fixture {
  model: {
    sizes: Sizes; seed: number; learning_rate: number; batches: Batch[]; parameters: Record<string, Values>;
    masks: { shape: [number, number, number]; kept: string }[]; evaluated: { losses: number[]; logits: Values };
  };
  training: Training[];
}

const { model: fixture, training }: Fixture = JSON.parse(readFileSync(new URL('../reference/fixtures/recurrent.json', import.meta.url), 'utf8'));
const core = await openCore({ kernels: 'all' });
const LAYOUTS = [['padded', false], ['packed', true]] as const;

/** The model and the generator as PyTorch leaves them after drawing the model. */
function newModel(dropout: number, dtype: DType) {
  const generator = new Generator(core, fixture.seed);
  const model = new Seq2Seq(core, fixture.sizes, dropout, dtype);
  model.initialize(generator);
  return { generator, model };
}

function expectWithin(actual: ArrayLike<number>, truth: readonly number[], bound: number, what: string): void {
  expect(actual.length, what).toBe(truth.length);
  truth.forEach((expected, i) => expect(Math.abs(actual[i]! - expected), `${what}, value ${i}`).toBeLessThanOrEqual(bound));
}

describe('the small model', () => {
  it('begins with PyTorch\'s parameters, bit for bit', () => {
    const { model, generator } = newModel(0.2, 'float32');
    expect(model.named().map(([name]) => name)).toEqual(Object.keys(fixture.parameters));
    for (const [name, { shape, data }] of model.named()) {
      expect(shape).toEqual(fixture.parameters[name]!.shape);
      expect(Array.from(data), name).toEqual(fixture.parameters[name]!.values);
    }
    model.dispose();
    generator.dispose();
  });

  it('draws PyTorch\'s masks, bit for bit', () => {
    const { model, generator } = newModel(0.2, 'float32');
    const stepper = new Stepper(core);
    stepper.step((tape) => {
      for (const { shape: [batch, steps, hidden], kept } of fixture.masks) {
        const ones = tape.from(new Float32Array(batch * steps * hidden).fill(1), [steps * batch, hidden]);
        const dropped = new Dropout(0.2).forward(tape, ones, generator).toArray();
        expect(Array.from(dropped)).toEqual(Array.from(kept, (bit) => (bit === '1' ? 1.25 : 0)));
      }
    });
    expect(fixture.masks).toHaveLength(6);
    stepper.dispose();
    model.dispose();
    generator.dispose();
  });

  it.each(LAYOUTS)('evaluates to PyTorch\'s logits and losses, %s', (_, packed) => {
    const { model, generator } = newModel(0.2, 'float64');
    const stepper = new Stepper(core);
    fixture.batches.forEach((batch, i) => stepper.step((tape) => expectWithin([model.loss(tape, batch, null, packed).item()], [fixture.evaluated.losses[i]!], 1e-13, 'loss')));
    stepper.step((tape) => {
      const { logits, layout } = model.forward(tape, fixture.batches[0]!, null, packed);
      const classes = fixture.evaluated.logits.shape[2]!;
      const values = logits.toArray();
      layout.positions.forEach((at, row) => {
        const start = at * classes;
        expectWithin(values.subarray(row * classes, (row + 1) * classes), fixture.evaluated.logits.values.slice(start, start + classes), 1e-13, `row ${row}`);
      });
    });
    stepper.dispose();
    model.dispose();
    generator.dispose();
  });
});

/**
 * float64: 1e-11, some fifty steps of sums of up to a hundred terms, and Adam's division by the root of small squares. float32: the first loss
 * to a few units in its last place; later ones drift, for Adam turns the sign of a gradient that is all rounding into a step of the
 * learning rate (PyTorch's own float32 run is up to 6e-7 away from its float64 one).
 */
const LOSS_BOUND: Record<DType, number> = { float32: 1e-5, float64: 1e-11 };

describe.each(training.map((one) => [one.dtype, one.dropout, one] as const))('training in %s with dropout %d', (dtype, dropout, { losses, gradients, trained }) => {
  it.each(LAYOUTS)('follows PyTorch\'s, %s', (_, packed) => {
    const { model, generator } = newModel(dropout, dtype);
    const named = model.named();
    const adam = new Adam(named.map(([, tensor]) => tensor), { lr: fixture.learning_rate });
    const stepper = new Stepper(core);
    losses.forEach((expected, step) => stepper.step((tape) => {
      const loss = model.loss(tape, fixture.batches[step % fixture.batches.length]!, generator, packed);
      tape.backward(loss);
      expectWithin([loss.item()], [expected], LOSS_BOUND[dtype], `loss ${step}`);
      if (step === 0 && gradients !== undefined) {
        for (const [name, { grad, size }] of named) {
          // Nothing hangs on the encoder's fc, and on its third layer only a state that the decoder does not use: PyTorch says zero of that.
          const expected = gradients[name]?.values ?? new Array<number>(size).fill(0);
          expectWithin(grad?.toArray() ?? new Float64Array(size), expected, 1e-14, `gradient of ${name}`);
        }
      }
      adam.step();
    }));
    for (const [name, { values }] of Object.entries(trained ?? {})) {
      expectWithin((named.find(([one]) => one === name)![1] as Tensor).toArray(), values, 1e-10, name);
    }
    stepper.dispose();
    adam.dispose();
    model.dispose();
    generator.dispose();
  });
});
