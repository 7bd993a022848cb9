// The notebook's model against PyTorch (test/reference/recurrent.py made fixtures/recurrent.json).
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { resolveTranslationConfig } from '../../src/experiments/translation/index.js';
import { packTokens } from '../../src/experiments/translation/packing.js';
import { Trainer, type Batch } from '../../src/experiments/translation/trainer.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, softmaxCrossEntropy } from '../../src/tensor/index.js';

interface Encoded {
  shape: number[];
  values: number[];
}

interface PaddedBatch {
  source: number[][];
  target_in: number[][];
  target_out: number[][];
}

interface Training {
  dropout: number;
  dtype: 'float32' | 'float64';
  losses: number[];
  gradients?: Record<string, Encoded>;
  trained?: Record<string, Encoded>;
}

interface Fixture {
  model: {
    sizes: { source_vocabulary: number; target_vocabulary: number; embed_size: number; hidden_size: number };
    seed: number;
    learning_rate: number;
    ids: { pad: number; eos: number };
    batches: PaddedBatch[];
    parameters: Record<string, Encoded>;
    evaluated: { losses: number[]; logits: Encoded };
  };
  training: Training[];
}

const { model, training } = JSON.parse(readFileSync(new URL('../reference/fixtures/recurrent.json', import.meta.url), 'utf8')) as Fixture;
const { sizes, ids } = model;

const withoutPadding = (tokens: readonly number[]) => Int32Array.from(tokens.filter((token) => token !== ids.pad));
const batches: Batch[] = model.batches.map(({ source, target_in, target_out }) => ({
  sources: source.map(withoutPadding),
  targets: target_in.map((tokens, at) => Int32Array.of(...withoutPadding(tokens), withoutPadding(target_out[at]!).at(-1)!)),
}));

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});

function withTrainer<T>(values: Record<string, unknown>, use: (trainer: Trainer, generator: Generator) => T): T {
  const config = resolveTranslationConfig({ embed_size: sizes.embed_size, hidden_size: sizes.hidden_size, lr: model.learning_rate, ...values });
  const generator = new Generator(core, model.seed);
  const trainer = new Trainer(core, { source: sizes.source_vocabulary, target: sizes.target_vocabulary }, config, generator);
  try {
    return use(trainer, generator);
  } finally {
    trainer.dispose();
    generator.dispose();
  }
}

/** Largest difference over the largest value wanted. */
function relativeError(got: ArrayLike<number>, want: readonly number[]): number {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return want.reduce((worst, value, index) => Math.max(worst, Math.abs(got[index]! - value)), 0) / (largest || 1);
}

describe("the notebook's model", () => {
  it('draws the initial parameters of torch.manual_seed, bit for bit and in their order', () => {
    withTrainer({}, (trainer) => {
      const parameters = new Map(trainer.model.parameters());
      expect([...parameters.keys()]).toEqual(Object.keys(model.parameters));
      for (const [name, { shape, values }] of Object.entries(model.parameters)) {
        expect(parameters.get(name)!.shape, name).toEqual(shape);
        expect(Array.from(parameters.get(name)!.toArray()), name).toEqual(values.map(Math.fround));
      }
    });
  });

  it('has 25,691,456 parameters with its vocabularies of 8000 and widths of 512', () => {
    const config = resolveTranslationConfig({});
    const { embed_size: e, hidden_size: h } = config;
    withTrainer({}, (trainer) => {
      // By the shapes' formula, which the small model must fit too: 103 MB of zeros would prove no more.
      const count = (v: number, embed: number, hidden: number) => {
        const layer = (inputs: number) => 4 * hidden * (inputs + hidden) + 8 * hidden;
        const stack = v * embed + layer(embed) + 2 * layer(hidden) + hidden * embed + hidden;
        return stack;
      };
      const total = (source: number, target: number, embed: number, hidden: number) =>
        count(source, embed, hidden) + hidden * hidden + hidden + count(target, embed, hidden) + target * hidden + target;
      expect(trainer.model.parameterCount).toBe(total(sizes.source_vocabulary, sizes.target_vocabulary, sizes.embed_size, sizes.hidden_size));
      expect(total(8000, 8000, e, h)).toBe(25_691_456);
    });
  });

  it.each(training.map((one) => [one.dropout, one.dtype, one] as const))('has the losses of fifty steps at dropout %d beside %s', (dropout, _dtype, { losses }) => {
    withTrainer({ dropout }, (trainer) => {
      losses.forEach((want, step) => {
        const got = trainer.step(batches[step % batches.length]!);
        expect(Math.abs(got - want) / want, `step ${step}: ${got} for ${want}`).toBeLessThan(1e-4);
      });
    });
  });

  it.each(training.filter(({ gradients }) => gradients !== undefined).map((one) => [one.dropout, one] as const))(
    "has every parameter's gradient at dropout %d, and none where PyTorch has none", (dropout, { gradients }) => {
      withTrainer({ dropout }, (trainer, generator) => {
        const stepper = new Stepper(core);
        stepper.step((tape) => {
          const { sources, targets } = batches[0]!;
          const target = packTokens(targets.map((tokens) => tokens.subarray(0, -1)));
          const labels = packTokens(targets.map((tokens) => tokens.subarray(1))).ids;
          tape.backward(softmaxCrossEntropy(tape, trainer.model.forward(tape, packTokens(sources), target, generator), labels));
          for (const [name, parameter] of trainer.model.parameters()) {
            const want = gradients![name];
            if (want === undefined || want.values.every((value) => value === 0)) expect(parameter.grad?.toArray().some((value) => value !== 0) ?? false, name).toBe(false);
            else expect(relativeError(parameter.grad!.toArray(), want.values), name).toBeLessThan(1e-4);
          }
        });
        stepper.dispose();
      });
    },
  );

  it('has the logits of every token that is not padding while nothing is dropped', () => {
    withTrainer({}, (trainer) => {
      const stepper = new Stepper(core);
      stepper.step((tape) => {
        const { sources, targets } = batches[0]!;
        const target = packTokens(targets.map((tokens) => tokens.subarray(0, -1)));
        const logits = trainer.model.forward(tape, packTokens(sources), target, null);
        const { shape, values } = model.evaluated.logits;
        const classes = shape[2]!;
        const got = logits.toArray();
        target.positions.forEach((position, row) => {
          const want = values.slice(position * classes, (position + 1) * classes);
          expect(relativeError(got.slice(row * classes, (row + 1) * classes), want), `row ${row}`).toBeLessThan(1e-5);
        });
      }, { record: false });
      stepper.dispose();
    });
  });
});
