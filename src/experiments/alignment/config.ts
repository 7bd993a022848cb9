// Every name of the original notebook's ExperimentConfig with the values it ran with, and our choices and controls after them.
import { z } from 'zod/mini';
import { ConfigurationError, quote, resolveFields, type ValuesOf } from '../configuration.js';
import { readSpecification } from '../specification.js';
import { choice, count, field as f, folder, layerList, orNone, positiveNumber, readBy, restricted, switchedOff, whole, wholeNumber, withDefault } from '../field-types.js';

const runs = 'Runs and data';
const model = 'Model';
const training = 'Training';
const logging = 'Measuring';
const controls = 'Controls';

// Noise image i is drawn from seed (seed + 400) * 1,000,000 + i, which stays exact below 2^53.
const LARGEST_SEED = 9_000_000_000;

const allOrWhole = withDefault(readBy((value) => (value === 'all' ? null : value), z.nullable(wholeNumber(1))), null);

/** `1-10`, `3`, `1,2,5-7` or a list of whole numbers; an item that is not one stays a text, for the error. */
const seedList = readBy((value) => (typeof value === 'string' ? value.split(',').flatMap(expandRange) : value), z.array(z.int().check(z.minimum(0), z.maximum(LARGEST_SEED))).check(z.minLength(1)));

function expandRange(item: string): (number | string)[] {
  const range = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(item);
  if (range === null) return [item];
  const first = Number(range[1]);
  const last = Number(range[2] ?? range[1]);
  if (last < first || last - first > 1_000_000) return [item];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The fields of an alignment run, the notebook's first. */
export const alignmentFields = {
  seeds: f(withDefault(seedList, Array.from({ length: 10 }, (_, index) => index + 1)), runs, 'LIST', `seeds such as 1-10 or 3,4,5, whole numbers up to ${LARGEST_SEED}`, 'seeds, one independent run each', { shown: '1-10' }),
  seed_gaps: f(switchedOff, runs, undefined, 'true or false', 'allow a seed list that leaves seeds out', { cosmetic: true }),
  out_dir: f(folder('./runs_mnist_subliminal_crt_period'), runs, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
  data_dir: f(folder('./MNIST'), runs, 'DIR', 'a folder', 'dataset folder (torchvision layout or flat); MNIST is found without it', { cosmetic: true }),
  batch_size: f(whole(1, 1024), runs, 'N', count(1), 'batch size of every loader'),
  num_workers: f(whole(0, 0), runs, 'N', count(0), 'accepted and recorded; loading needs no workers here', { cosmetic: true }),
  audit_size: f(whole(1, 10_000), runs, 'N', 'a whole number from 1 to one less than the training images', 'training images set apart for the trait gradient'),
  noise_dataset_size: f(withDefault(wholeNumber(1, 1_000_000), 60_000), runs, 'N', 'a whole number from 1 to 1000000', 'noise images, fixed for all epochs'),
  noise_dist: f(choice(['normal', 'uniform'], 'normal'), runs, 'NAME', 'normal or uniform', 'standard normal, or uniform on [-1, 1)'),

  model: f(choice(['mlp', 'cnn'], 'mlp'), model, 'TYPE', 'mlp or cnn', 'mlp of --hidden-layers layers, or two convolutions and a linear layer'),
  hidden_dim: f(whole(1, 256), model, 'N', count(1), 'width of the hidden layers (of a cnn: of its linear layer)'),
  hidden_layers: f(whole(1, 2), model, 'N', count(1), 'hidden layers of an mlp'),
  arch_spec: f(layerList, model, 'JSON', 'a JSON list of layers, or the path of one', 'feature layers of a cnn: JSON, or the path of a JSON file'),
  aux_m: f(whole(1, 3), model, 'M', count(1), 'auxiliary logits'),

  teacher_epochs: f(whole(0, 5), training, 'N', count(0), 'epochs of the teacher'),
  student_epochs: f(whole(1, 5), training, 'N', count(1), 'epochs of the student'),
  lr_teacher: f(withDefault(positiveNumber, 3e-4), training, 'RATE', 'a finite number of at least 0', "teacher's Adam learning rate"),
  lr_student: f(withDefault(positiveNumber, 3e-4), training, 'RATE', 'a finite number of at least 0', "student's Adam learning rate"),
  loss: f(choice(['kl', 'mse'], 'kl'), training, 'NAME', 'kl or mse', "the student's loss: Kullback-Leibler divergence of the softmaxes, or mean squared error of the logits"),
  target: f(choice(['aux', 'all'], 'aux'), training, 'NAME', 'aux or all', "which of the teacher's logits the student learns"),
  training_dtype: f(choice(['float64', 'float32'], 'float64'), training, 'NAME', 'float64 or float32',
    'parameters, gradients and updates of both networks; initial weights, images, noise and what is measured are float32. In float64 no rounding decides where a seed ends; float32 is the notebook\'s'),
  temperature: f(withDefault(restricted(positiveNumber, (value) => value > 0), 1), training, 'T', 'a finite number above 0', 'both softmaxes see logits / T (with --loss kl)'),

  metrics_every_n_steps: f(whole(1, 1), logging, 'N', count(1), 'measure both gradients at every N-th step'),
  audit_batches_for_grad: f(allOrWhole, logging, 'all|N', 'all or a whole number of at least 1', 'audit batches of the trait gradient', { shown: 'all' }),
  trait_acc_every_n_steps: f(whole(1, 1), logging, 'N', count(1), 'test accuracy at every N-th step, of those measured'),
  trait_acc_max_batches: f(allOrWhole, logging, 'all|N', 'all or a whole number of at least 1', 'test batches of that accuracy', { shown: 'all' }),
  schedule: f(choice(['steady', 'notebook'], 'steady'), logging, 'NAME', 'steady or notebook',
    'steady: what is measured at a step does not depend on which others are, and the last step is always measured; notebook: the audit order goes on only where it is used, and only multiples of N are measured (the same for N = 1)'),

  student_init: f(choice(['same', 'other'], 'same'), controls, 'NAME', 'same or other', "initial weights of the student: the teacher's, or those of the next seed in the list (a derangement)"),
  untrained_reference: f(switchedOff, controls, undefined, 'true or false', 'also report the test accuracy of the untrained reference'),
  project_trait: f(choice(['none', 'always', 'aligned'], 'none'), controls, 'WHEN', 'none, always or aligned', 'take the trait gradient out of the distillation gradient before each update: always, or where their inner product is positive'),
  distill_epoch: f(orNone(wholeNumber(0)), controls, 'K', 'a whole number from 0 to --teacher-epochs', 'distil from the teacher as it was after K epochs; default: after all'),
};

/** A resolved configuration; names are the notebook's. */
export type AlignmentConfig = ValuesOf<typeof alignmentFields>;

function requireSeeds({ seeds, seed_gaps, student_init }: AlignmentConfig): void {
  const sorted = [...seeds].sort((a, b) => a - b);
  for (let i = 1; i < sorted.length; i++) {
    const [before, seed] = [sorted[i - 1]!, sorted[i]!];
    if (seed === before) throw new ConfigurationError(`--seeds: expected each seed once, got ${seed} twice`);
    if (seed > before + 1 && !seed_gaps) {
      throw new ConfigurationError(`--seeds: expected seeds without a gap, got ${before} and then ${seed}; --seed-gaps allows it`);
    }
  }
  if (student_init === 'other' && seeds.length < 2) {
    throw new ConfigurationError(`--student-init other: expected at least 2 seeds, since another seed's weights are taken, got ${quote(seeds)}`);
  }
}

/**
 * Fills in defaults and checks every value that needs no data.
 * @param source named when an unknown name is met
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveAlignmentConfig(values: Record<string, unknown>, source = 'configuration'): AlignmentConfig {
  const config = resolveFields(alignmentFields, values, source);
  requireSeeds(config);
  const { distill_epoch, teacher_epochs, loss, temperature, model: type, arch_spec } = config;
  if (distill_epoch !== null && distill_epoch > teacher_epochs) {
    throw new ConfigurationError(`--distill-epoch: expected a whole number from 0 to the teacher's ${teacher_epochs} epochs, got ${distill_epoch}`);
  }
  if (loss === 'mse' && temperature !== 1) throw new ConfigurationError(`--temperature: expected 1 with --loss mse, which knows no softmax, got ${temperature}`);
  if (type === 'cnn' && arch_spec !== null) readSpecification('--arch-spec', arch_spec);
  if (type === 'mlp' && arch_spec !== null) throw new ConfigurationError('--arch-spec: expected --model cnn beside it, got --model mlp');
  return config;
}

/** The seed whose initial weights a seed's student takes: its own, or the next in the list, the last one's being the first. */
export function studentSeedOf({ seeds, student_init }: AlignmentConfig, seed: number): number {
  if (student_init === 'same') return seed;
  return seeds[(seeds.indexOf(seed) + 1) % seeds.length]!;
}
