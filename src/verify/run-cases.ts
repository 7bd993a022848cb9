// One short run of each model kind on a small made-up dataset, so that any engine can run it without files.
import { resolveAlignmentConfig, runAlignment, type AlignmentResult } from '../experiments/alignment/index.js';
import { resolveSplitHeadConfig, runSplitHead, type SplitHeadResult } from '../experiments/splithead/index.js';
import { madeUpDataset } from './made-up.js';
import type { Case } from './operation-cases.js';

/** The values of a run of a second or so. */
export const shortRun = { teacher_epochs: 1, student_epochs: 1, data_bsize: 128, noise_bsize: 64, noise_steps: 3, eval_noise_batches: 1, eval_noise_bsize: 50 };

function runCase(name: string, values: Record<string, unknown>): Case {
  return {
    name,
    run: async (core) => {
      let result: SplitHeadResult | undefined;
      for await (const event of runSplitHead(core, resolveSplitHeadConfig({ ...shortRun, ...values }), madeUpDataset(core))) {
        if (event.type === 'finished') result = event.result;
      }
      return result!.digest;
    },
  };
}

const shortAlignment = {
  seeds: [1, 2], batch_size: 70, audit_size: 150, noise_dataset_size: 160, hidden_dim: 40, teacher_epochs: 2, student_epochs: 2,
};

function alignmentCase(name: string, values: Record<string, unknown>): Case {
  return {
    name,
    run: async (core) => {
      let result: AlignmentResult | undefined;
      for await (const event of runAlignment(core, resolveAlignmentConfig({ ...shortAlignment, ...values }), 1, madeUpDataset(core))) {
        if (event.type === 'finished') result = event.result;
      }
      return result!.digest;
    },
  };
}

const stridedCnn = [
  { type: 'conv2d', out_channels: 6, kernel_size: 5, stride: 2, padding: 2, activation: 'tanh', pool: { type: 'avg', kernel_size: 2 } },
  { type: 'conv2d', out_channels: 8, kernel_size: 3, dilation: 2, activation: 'gelu', pool: { type: 'adaptive_avg', output_size: 2 } },
  { type: 'linear', out_features: 24, activation: 'sigmoid' },
];

export const runCases: readonly Case[] = [
  runCase('run: mlp, uniform noise', {}),
  runCase('run: mlp of other depths, normal noise, perturbed, frozen', {
    teacher_hidden_dims: [48, 20], student_hidden_dims: [33], noise_dist: 'normal', normalize_noise: true,
    student_init: 'random,B,A', student_trainable: 'class_head:false',
    perturb_specs: [{ target: 'student', layers: ['fc1', 'aux_head'], std: 0.05 }, { target: 'teacher', layers: 'all', std: 0.01, timing: 'after_teacher_training' }],
  }),
  runCase('run: mlp teacher, default cnn student, Perlin noise', {
    student_type: 'cnn', student_hidden_dims: [32], noise_dist: 'perlin', noise_bsize: 24, noise_steps: 2, data_bsize: 300,
  }),
  runCase('run: wide batches, normalised Perlin noise', { data_bsize: 300, noise_bsize: 512, noise_dist: 'perlin', normalize_noise: true, noise_steps: 2 }),
  runCase('run: both cnn with a custom specification', {
    teacher_type: 'cnn', student_type: 'cnn', teacher_arch_spec: stridedCnn, student_arch_spec: stridedCnn,
  }),
  alignmentCase('alignment: as the notebook', {}),
  alignmentCase('alignment: in float32, projected, from another initialisation, all logits, uniform noise', {
    training_dtype: 'float32',    project_trait: 'always', student_init: 'other', target: 'all', temperature: 2, noise_dist: 'uniform', untrained_reference: true, distill_epoch: 1,
  }),
];
