import type { Core } from '../../core/index.js';
import { Generator } from '../../random/index.js';
import { argmax, mse, softmaxCrossEntropy, type Stepper } from '../../tensor/index.js';
import type { SplitHeadConfig } from './config.js';
import type { ResidentImages } from '../images.js';
import type { SplitHeadModel } from './model.js';
import { sampleNoise } from './noise.js';
import type { Seed } from './seeds.js';
import { noiseOptions } from './training.js';

/** Accuracy and mean cross-entropy of the class head over a whole dataset, in file order. */
export async function evaluateClasses(
  stepper: Stepper, model: SplitHeadModel, images: ResidentImages, batchSize: number,
): Promise<{ accuracy: number; classLoss: number }> {
  let correct = 0;
  let loss = 0;
  for (let start = 0; start < images.count; start += batchSize) {
    const count = Math.min(batchSize, images.count - start);
    const indices = Int32Array.from({ length: count }, (_, i) => start + i);
    await stepper.step(async (tape) => {
      const batch = images.batch(tape, indices, model.takesOffset);
      const logits = model.classLogits(tape, batch.images);
      const total = softmaxCrossEntropy(tape, logits, batch.labels, { reduction: 'sum' });
      await Promise.all([total.fetch(), logits.fetch()]);
      loss += total.item();
      const predictions = argmax(logits);
      for (let i = 0; i < count; i++) if (predictions[i] === batch.labels[i]) correct++;
    }, { record: false });
  }
  return { accuracy: correct / Math.max(1, images.count), classLoss: loss / Math.max(1, images.count) };
}

/** What the class head takes the first `count` images for, and what they are. */
export function answerImages(stepper: Stepper, model: SplitHeadModel, images: ResidentImages, count: number): Promise<{ answers: number[]; labels: number[] }> {
  return stepper.step(async (tape) => {
    const batch = images.batch(tape, Int32Array.from({ length: count }, (_, index) => index), model.takesOffset);
    const logits = model.classLogits(tape, batch.images);
    await logits.fetch();
    return { answers: Array.from(argmax(logits)), labels: Array.from(batch.labels) };
  }, { record: false });
}

/** Mean over batches of the squared error between both auxiliary heads on noise from `seed`; NaN for no batches. */
export async function evaluateAuxiliary(
  core: Core, stepper: Stepper, student: SplitHeadModel, teacher: SplitHeadModel, config: SplitHeadConfig, seed: Seed,
): Promise<number> {
  const generator = new Generator(core, seed);
  let total = 0;
  for (let batch = 0; batch < config.eval_noise_batches; batch++) {
    total += await stepper.step(async (tape) => {
      const images = sampleNoise(tape, generator, config.eval_noise_bsize, noiseOptions(config));
      const loss = mse(tape, student.auxiliaryLogits(tape, images), teacher.auxiliaryLogits(tape, images));
      return (await loss.fetch()).item();
    }, { record: false });
  }
  generator.dispose();
  return config.eval_noise_batches === 0 ? NaN : total / config.eval_noise_batches;
}
