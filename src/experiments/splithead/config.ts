// Every flag of the original program's command-line reference, with its names and defaults, and ours after them.
import { z } from 'zod/mini';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, exactChoice, field as f, folder, layerList, orNone, positiveNumber, switchedOff, text, textOrNone, whole, wholeNumber, widths, withDefault } from '../field-types.js';

/** One entry of a perturbation list, as given; resolved against the models' layers when the run starts. */
const perturbation = z.record(z.string(), z.unknown());

const reproducibility = 'Input, output and reproducibility';
const data = 'Dataset';
const architecture = 'Architecture';
const initialisation = 'Initialisation and trainability';
const training = 'Training';
const noise = 'Noise';
const perturbations = 'Perturbations';

// PyTorch's seeds have 64 bits, and the derived ones are 100,000 * seed + up to 900,000,000.
const LARGEST_SEED = 184_467_440_000_000;

/** The fields of a split-head run, in the original's order. */
export const splitHeadFields = {
  outdir: f(folder('./outputs'), reproducibility, 'DIR', 'a folder', 'root folder of the outputs', { cosmetic: true }),
  data_dir: f(folder('./MNIST'), reproducibility, 'DIR', 'a folder', 'dataset folder (torchvision layout or flat); MNIST is found without it', { cosmetic: true }),
  seed: f(withDefault(wholeNumber(0, LARGEST_SEED), 42), reproducibility, 'N', `a whole number from 0 to ${LARGEST_SEED}`, 'base seed; every other seed is derived from it'),
  num_workers: f(whole(0, 0), reproducibility, 'N', count(0), 'accepted and recorded; loading needs no workers here', { cosmetic: true }),
  device: f(exactChoice(['auto', 'cpu'], 'auto'), reproducibility, 'NAME', 'auto or cpu (this program computes on the CPU)', 'auto or cpu', { cosmetic: true }),
  sweep_name: f(text('default'), reproducibility, 'TEXT', 'a text', 'label written to the outputs'),
  run_label: f(text(''), reproducibility, 'TEXT', 'a text', 'second label written to the outputs'),
  append_global: f(switchedOff, reproducibility, undefined, 'true or false', 'also append to the *_all_seeds.csv files under --outdir', { cosmetic: true }),

  dataset: f(choice(['mnist', 'emnist'], 'mnist'), data, 'NAME', 'mnist or emnist', 'mnist or emnist'),
  emnist_split: f(exactChoice(['balanced', 'letters'], 'balanced'), data, 'NAME', 'balanced or letters', 'EMNIST split: balanced (47 classes) or letters (26)'),
  class_count: f(orNone(wholeNumber(2)), data, 'K', 'a whole number from 2 to the number of classes', 'keep only labels 0..K-1'),
  class_selection: f(exactChoice(['first'], 'first'), data, 'RULE', 'first', 'class truncation rule: first'),

  teacher_type: f(choice(['mlp', 'cnn'], 'mlp'), architecture, 'TYPE', 'mlp or cnn', 'teacher architecture: mlp or cnn'),
  student_type: f(choice(['mlp', 'cnn'], 'mlp'), architecture, 'TYPE', 'mlp or cnn', 'student architecture: mlp or cnn'),
  teacher_hidden_dims: f(withDefault(widths, [256, 256]), architecture, 'LIST', 'whole numbers of at least 1, separated by commas', 'teacher hidden widths; of the default CNN the last sets the linear layer'),
  student_hidden_dims: f(withDefault(widths, [256, 256]), architecture, 'LIST', 'whole numbers of at least 1, separated by commas', 'the same for the student'),
  teacher_arch_spec: f(layerList, architecture, 'JSON', 'a JSON list of layers, or the path of one', 'teacher CNN layers: JSON, or the path of a JSON file'),
  student_arch_spec: f(layerList, architecture, 'JSON', 'a JSON list of layers, or the path of one', 'the same for the student'),
  m: f(whole(1, 10), architecture, 'M', count(1), 'outputs of the auxiliary head'),

  teacher_init: f(textOrNone, initialisation, 'LIST', 'a list such as A,A,random,B or fc1:random,all:A', 'initialisation source per layer (A, B, random); default all A'),
  student_init: f(textOrNone, initialisation, 'LIST', 'a list such as A,A,random,B or fc1:random,all:A', 'the same for the student'),
  teacher_trainable: f(textOrNone, initialisation, 'LIST', 'a list such as true,true,false,true or aux_head:false', 'trainability per layer; default all true'),
  student_trainable: f(textOrNone, initialisation, 'LIST', 'a list such as true,true,false,true or aux_head:false', 'the same for the student'),

  teacher_epochs: f(whole(0, 5), training, 'N', count(0), 'supervised epochs of the teacher'),
  student_epochs: f(whole(0, 5), training, 'N', count(0), 'distillation epochs of the student'),
  data_bsize: f(whole(1, 1024), training, 'N', count(1), 'batch size of labelled data'),
  noise_bsize: f(whole(1, 1000), training, 'N', count(1), 'batch size of synthetic noise'),
  noise_steps: f(whole(0, 60), training, 'N', count(0), 'noise batches per student epoch'),
  teacher_lr: f(withDefault(positiveNumber, 1e-3), training, 'RATE', 'a finite number of at least 0', "teacher's Adam learning rate"),
  student_lr: f(withDefault(positiveNumber, 1e-3), training, 'RATE', 'a finite number of at least 0', "student's Adam learning rate"),

  noise_dist: f(exactChoice(['uniform', 'normal', 'perlin'], 'uniform'), noise, 'NAME', 'uniform, normal or perlin', 'uniform on [-1, 1], standard normal, or Perlin'),
  perlin_res: f(whole(1, 8), noise, 'N', count(1), 'Perlin grid cells per side'),
  normalize_noise: f(switchedOff, noise, undefined, 'true or false', "apply MNIST's normalisation to the noise"),
  eval_noise_batches: f(whole(0, 10), noise, 'N', count(0), 'noise batches when the auxiliary loss is evaluated'),
  eval_noise_bsize: f(whole(1, 1000), noise, 'N', count(1), 'their size'),

  perturb_specs: f(withDefault(z.array(perturbation), []), perturbations, 'JSON', 'a list of perturbations', 'perturbations (see --perturb and --perturb-spec)'),
};

/** A resolved configuration. Names are those of the original's configuration record. */
export type SplitHeadConfig = ValuesOf<typeof splitHeadFields>;

/**
 * Fills in defaults and checks every value.
 * @param source named when an unknown name is met
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveSplitHeadConfig(values: Record<string, unknown>, source = 'configuration'): SplitHeadConfig {
  const config = resolveFields(splitHeadFields, values, source);
  for (const side of ['teacher', 'student'] as const) {
    if (config[`${side}_type`] === 'mlp' && config[`${side}_hidden_dims`].length === 0) {
      throw new ConfigurationError(`--${side}-hidden-dims: expected at least one hidden width for an mlp, got none`);
    }
  }
  return config;
}
