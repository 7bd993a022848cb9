// Attention as an option of the translator's model: what it adds, and that it learns what a state alone cannot carry.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Seq2Seq, type ModelConfig } from '../../src/experiments/translation/model.js';
import { packTokens } from '../../src/experiments/translation/packing.js';
import { Adam } from '../../src/nn/index.js';
import { Generator } from '../../src/random/index.js';
import { softmaxCrossEntropy, Stepper } from '../../src/tensor/index.js';

const SOURCES = [[7, 4, 9, 2], [5, 2], [6, 8, 2]].map((tokens) => Int32Array.from(tokens));
const TARGETS = [[1, 3], [1, 8, 5, 4], [1, 9]].map((tokens) => Int32Array.from(tokens));
const SETTINGS: ModelConfig = { embed_size: 12, hidden_size: 16, dropout: 0, third_layer: 'zero', attention: 'none', tied_embeddings: false };
const VOCABULARY = 10;

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});
afterAll(() => core.close());

function withModel<T>(attention: ModelConfig['attention'], body: (model: Seq2Seq, stepper: Stepper, generator: Generator) => T): T {
  const model = new Seq2Seq(core, { source: VOCABULARY, target: VOCABULARY }, { ...SETTINGS, attention });
  const [stepper, generator] = [new Stepper(core), new Generator(core, 11)];
  try {
    model.initialize(generator);
    return body(model, stepper, generator);
  } finally {
    for (const made of [model, stepper, generator]) made.dispose();
  }
}

/** Logits of TARGETS; the combining layer, which is drawn last, is all zeros. */
function logitsWithoutCombining(attention: ModelConfig['attention']): number[] {
  return withModel(attention, (model, stepper) => {
    for (const parameter of [model.decoder.combine?.weight, model.decoder.combine?.bias]) parameter?.data.fill(0);
    return stepper.step((tape) => Array.from(model.forward(tape, packTokens(SOURCES), packTokens(TARGETS), null).toArray()), { record: false });
  });
}

/** Loss after some steps of repeating random source tokens in reverse, from one batch to the next. */
function lossOfReversing(attention: ModelConfig['attention'], steps: number): number {
  return withModel(attention, (model, stepper, generator) => {
    const optimizer = new Adam([...model.parameters()].map(([, tensor]) => tensor), { lr: 0.01 });
    let last = Infinity;
    for (let step = 0; step < steps; step++) {
      const texts = Array.from({ length: 16 }, (_, pair) => Int32Array.from(generator.randint(4, VOCABULARY, 3 + (pair % 5))));
      const sources = texts.map((text) => Int32Array.of(...text, 2));
      const answers = texts.map((text) => text.slice().reverse());
      last = stepper.step((tape) => {
        const target = packTokens(answers.map((answer) => Int32Array.of(1, ...answer)));
        const labels = packTokens(answers.map((answer) => Int32Array.of(...answer, 2))).ids;
        const loss = softmaxCrossEntropy(tape, model.forward(tape, packTokens(sources), target, null), labels);
        tape.backward(loss);
        optimizer.step();
        return loss.item();
      });
    }
    optimizer.dispose();
    return last;
  });
}

describe('residual attention', () => {
  it('adds to the states: with a combining layer of zeros the logits are those without attention', () => {
    expect(logitsWithoutCombining('residual')).toEqual(logitsWithoutCombining('none'));
    expect(logitsWithoutCombining('dot')).not.toEqual(logitsWithoutCombining('none'));
  });

  it('learns to turn a text around in steps that leave the plain model far behind', () => {
    expect(lossOfReversing('residual', 150)).toBeLessThan(0.8 * lossOfReversing('none', 150));
  });
});
