// The referee of the formulas: Monte Carlo in batches, in memory that does not grow with the number of samples.
import type { Core } from '../../core/index.js';
import type { NormalSampler, RunningMoments } from '../../moments/index.js';
import type { Generator } from '../../random/index.js';
import { Stepper, type Tape, type Tensor } from '../../tensor/index.js';

/** Values in a batch of samples and what is computed from them: 32 MiB of float64. */
const BATCH_VALUES = 4_194_304;

/** Samples at a time: a multiple of 16, at which PyTorch's stream of normals may be cut without a change. */
export function batchSize(count: number, widest: number): number {
  return Math.min(count, Math.max(16, 16 * Math.floor(BATCH_VALUES / widest / 16)));
}

/** What samples go through, and the moments that are taken of the result. */
export interface Witness {
  readonly moments: RunningMoments;
  transform(tape: Tape, samples: Tensor): Tensor;
}

/**
 * Draws `count` samples and gives each batch to every witness; yields how many samples have been drawn.
 * @param widest most values that a sample is of on its way
 */
export function* examine(core: Core, sampler: NormalSampler, generator: Generator, count: number, widest: number, witnesses: readonly Witness[]): Iterable<number, void> {
  const stepper = new Stepper(core);
  try {
    for (let done = 0; done < count;) {
      const rows = Math.min(batchSize(count, widest), count - done);
      stepper.step((tape) => {
        const samples = sampler.draw(tape, generator, rows);
        for (const { moments, transform } of witnesses) moments.add(transform(tape, samples));
      }, { record: false });
      done += rows;
      yield done;
    }
  } finally {
    stepper.dispose();
  }
}
