// How fast this machine computes, from a few seconds of real steps on a few images.
import { openCore, type Profile } from '../core/index.js';
import type { DatasetPair, ImageDataset } from '../data/index.js';
import { resolveSplitHeadConfig, runSplitHead } from '../experiments/splithead/index.js';
import type { Runtime } from '../runtime/runtime.js';
import { workOf, type Rates } from '../sweep/index.js';

const IMAGES = 8192;
const BATCH = 1024;
/** Seconds of steps: engines compile again what has run for a while, so the later half is what counts. */
const SECONDS = 1;
const LEAST_STEPS = 6;

function firstImages(part: ImageDataset, most: number): ImageDataset {
  const count = Math.min(part.count, most);
  return { ...part, count, images: part.images.slice(0, count * 784), labels: part.labels.slice(0, count) };
}

/** As much of a dataset as a calibration computes on; the whole of it can then be let go. */
export function calibrationSample(pair: DatasetPair): DatasetPair {
  return { ...pair, train: firstImages(pair.train, IMAGES), test: firstImages(pair.test, 64) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Median seconds of a step, once the engine is warm. @param values of a run that has one phase, longer than needed */
async function stepSeconds(runtime: Runtime, profile: Profile, sample: DatasetPair, values: Record<string, unknown>): Promise<number> {
  const config = resolveSplitHeadConfig({ ...values, dataset: sample.name, emnist_split: sample.split ?? 'balanced', seed: 0 });
  const core = await openCore({ profile, kernels: 'all' });
  const spent: number[] = [];
  const started = runtime.now();
  let before = started;
  try {
    for await (const event of runSplitHead(core, config, sample)) {
      const now = runtime.now();
      if (event.type === 'progress') spent.push((now - before) / 1000);
      before = now;
      if (now - started > 1000 * SECONDS && spent.length >= LEAST_STEPS) break;
    }
  } finally {
    await core.close();
  }
  return median(spent.slice(spent.length >> 1));
}

/** Phases long enough for any machine. */
const ENDLESS = 1_000_000;
const TEACHER = { teacher_epochs: ENDLESS, student_epochs: 0 };
const STUDENT = { teacher_epochs: 0, student_epochs: 1, noise_steps: ENDLESS };

/**
 * Measures the machine's rates with one thread: linear layers and drawing noise on the default networks, and convolutions on the
 * default CNN. About two seconds, one more with convolutions.
 * @param start seconds before a run's first step
 */
export async function calibrate(runtime: Runtime, profile: Profile, sample: DatasetPair, start: number, withConvolutions: boolean): Promise<Rates> {
  const batch = Math.min(BATCH, sample.train.count);
  const nothing = { teacher_epochs: 0, student_epochs: 0, noise_steps: 0, eval_noise_batches: 0 };
  const workOfStep = (values: Record<string, unknown>) => workOf(resolveSplitHeadConfig({ ...nothing, ...values }), { train: batch, test: 0 });
  const teacherSeconds = await stepSeconds(runtime, profile, sample, { ...TEACHER, data_bsize: batch });
  const dense = teacherSeconds / workOfStep({ teacher_epochs: 1 }).dense;
  const student = workOfStep({ student_epochs: 1, noise_steps: 1 });
  const drawn = Math.max(0, (await stepSeconds(runtime, profile, sample, STUDENT)) - student.dense * dense) / student.drawn;
  if (!withConvolutions) return { dense, convolved: 0, drawn, start };
  const cnn = { student_type: 'cnn', noise_bsize: 200 };
  const step = workOfStep({ ...cnn, student_epochs: 1, noise_steps: 1 });
  const seconds = await stepSeconds(runtime, profile, sample, { ...STUDENT, ...cnn });
  return { dense, convolved: Math.max(0, seconds - step.dense * dense - step.drawn * drawn) / step.convolved, drawn, start };
}
