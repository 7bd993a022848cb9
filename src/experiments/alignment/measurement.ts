// What is measured at a step: the trait gradient over the audit set, and accuracy over the test set.
import { shuffledBatches, type Generator } from '../../random/index.js';
import { argmax, softmaxCrossEntropy, type Stepper } from '../../tensor/index.js';
import type { LabelledImages } from './data.js';
import type { StoredGradient } from './gradients.js';
import type { AlignmentModel } from './model.js';

/** Consecutive items of a loader without shuffling. */
function* batchesInOrder(count: number, batchSize: number): IterableIterator<Int32Array> {
  for (let start = 0; start < count; start += batchSize) {
    yield Int32Array.from({ length: Math.min(batchSize, count - start) }, (_, index) => start + index);
  }
}

/** Fraction of the first `mostBatches` batches (null: of all) whose largest regular logit is the label's. */
export function measureAccuracy(stepper: Stepper, model: AlignmentModel, images: LabelledImages, batchSize: number, mostBatches: number | null): number {
  let correct = 0;
  let total = 0;
  let batches = 0;
  for (const indices of batchesInOrder(images.count, batchSize)) {
    if (mostBatches !== null && batches++ >= mostBatches) break;
    stepper.step((tape) => {
      const { pixels, labels } = images.batch(tape, indices);
      const predictions = argmax(model.regularLogits(tape, { pixels }));
      for (let i = 0; i < labels.length; i++) if (predictions[i] === labels[i]) correct++;
    }, { record: false });
    total += indices.length;
  }
  return correct / Math.max(1, total);
}

/** What the regular logits take the first `count` images for, and what they are. */
export function answerImages(stepper: Stepper, model: AlignmentModel, images: LabelledImages, count: number): { answers: number[]; labels: number[] } {
  return stepper.step((tape) => {
    const { pixels, labels } = images.batch(tape, Int32Array.from({ length: count }, (_, index) => index));
    return { answers: Array.from(argmax(model.regularLogits(tape, { pixels }))), labels: Array.from(labels) };
  }, { record: false });
}

/**
 * The audit batches of one pass over the notebook's audit loader, which it leaves after `mostBatches` (null: never): what that
 * draws from `generator` depends on when it leaves, as in PyTorch.
 */
export function auditBatches(generator: Generator, count: number, batchSize: number, mostBatches: number | null): Int32Array[] {
  const batches: Int32Array[] = [];
  for (const indices of shuffledBatches(generator, count, batchSize)) {
    if (mostBatches !== null && batches.length >= mostBatches) break;
    batches.push(indices);
  }
  return batches;
}

/** The mean over batches of each batch's mean cross-entropy of the regular logits; its gradient replaces what `gradient` held. */
export function measureTrait(stepper: Stepper, model: AlignmentModel, audit: LabelledImages, batches: readonly Int32Array[], gradient: StoredGradient): number {
  gradient.clear();
  let total = 0;
  for (const indices of batches) {
    total += stepper.step((tape) => {
      const { pixels, labels } = audit.batch(tape, indices);
      const loss = softmaxCrossEntropy(tape, model.regularLogits(tape, { pixels }), labels);
      tape.backward(loss, tape.from([1 / batches.length], []));
      gradient.addFromStep(tape);
      return loss.item();
    });
  }
  return total / batches.length;
}
