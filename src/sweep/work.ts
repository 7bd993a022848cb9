// What a run has to compute, and the memory it takes: counted from its layers, before anything starts.
import { baseClassCount, planSplitHead, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { FeatureLayer } from '../experiments/specification.js';
import { convolvedExtent } from '../tensor/index.js';

/** Images of a dataset's two parts. */
export interface DatasetSize {
  train: number;
  test: number;
}

/** Counts of one whole run. */
export interface RunWork {
  /** Multiply-adds in linear layers. */
  dense: number;
  /** Multiply-adds in convolutions. */
  convolved: number;
  /** Random numbers drawn for noise images. */
  drawn: number;
}

export interface RunMemory {
  /** Bytes in the core, which has a bound. */
  core: number;
  /** Bytes of the process, or of a worker of it, with the core's. */
  process: number;
}

const PIXELS = 28 * 28;

/** What an image costs in a network: multiply-adds of one pass forward, and floats kept for the way back. */
interface NetworkSize {
  dense: number;
  convolved: number;
  /** Of the first layer alone, whose input needs no gradient. */
  first: { dense: number; convolved: number };
  floats: number;
  parameters: number;
}

/** Walks the feature layers with the image's shape. @param heads outputs after the features */
function sizeOf(features: readonly FeatureLayer[], width: number, heads: number): NetworkSize {
  const size: NetworkSize = { dense: width * heads, convolved: 0, first: { dense: 0, convolved: 0 }, floats: PIXELS + heads, parameters: (width + 1) * heads };
  let extent: readonly [number, number] = [28, 28];
  for (const [index, layer] of features.entries()) {
    const own = { dense: 0, convolved: 0 };
    if (layer.kind === 'linear') {
      own.dense = layer.inputs * layer.outputs;
      size.floats += layer.outputs;
      size.parameters += own.dense + layer.outputs;
    } else {
      const { inChannels, outChannels, kernel, stride, padding, dilation, pool } = layer;
      extent = [0, 1].map((axis) => convolvedExtent(extent[axis]!, kernel[axis]!, stride[axis]!, padding[axis]!, dilation[axis]!)) as [number, number];
      const weights = inChannels * outChannels * kernel[0] * kernel[1];
      own.convolved = weights * extent[0] * extent[1];
      size.parameters += weights + outChannels;
      size.floats += 2 * outChannels * extent[0] * extent[1];
      if (pool?.kind === 'adaptive_average') extent = pool.output;
      else if (pool !== null) extent = [0, 1].map((axis) => convolvedExtent(extent[axis]!, pool.kernel[axis]!, pool.stride[axis]!, pool.padding[axis]!, 1)) as [number, number];
    }
    size.dense += own.dense;
    size.convolved += own.convolved;
    if (index === 0) size.first = own;
  }
  return size;
}

/** Forward once, backward to the weights once, and to the inputs once but for the first layer's. */
const trained = ({ dense, convolved, first }: NetworkSize) => ({ dense: 3 * dense - first.dense, convolved: 3 * convolved - first.convolved });

/** Images of the parts that are left of a dataset's when its classes are cut to `class_count`; all classes are about as large. */
export function datasetSizeOf(config: SplitHeadConfig, whole: DatasetSize): DatasetSize {
  const share = (config.class_count ?? baseClassCount(config)) / baseClassCount(config);
  return { train: Math.round(whole.train * share), test: Math.round(whole.test * share) };
}

/** The official datasets, before classes are left out. */
export function officialSize({ dataset, emnist_split }: SplitHeadConfig): DatasetSize {
  if (dataset === 'mnist') return { train: 60_000, test: 10_000 };
  return emnist_split === 'balanced' ? { train: 112_800, test: 18_800 } : { train: 124_800, test: 20_800 };
}

function networksOf(config: SplitHeadConfig): Record<'teacher' | 'student', Record<'class' | 'auxiliary' | 'whole', NetworkSize>> {
  const plan = planSplitHead(config);
  const classes = config.class_count ?? baseClassCount(config);
  const sizes = (side: 'teacher' | 'student') => {
    const { features, width } = plan[side];
    return { class: sizeOf(features, width, classes), auxiliary: sizeOf(features, width, config.m), whole: sizeOf(features, width, classes + config.m) };
  };
  return { teacher: sizes('teacher'), student: sizes('student') };
}

/** @param size of the whole dataset, before `class_count` */
export function workOf(config: SplitHeadConfig, size: DatasetSize): RunWork {
  const { teacher, student } = networksOf(config);
  const { train, test } = datasetSizeOf(config, size);
  const labelled = config.teacher_epochs * train;
  const noise = config.student_epochs * config.noise_steps * config.noise_bsize;
  const evaluated = 2 * config.eval_noise_batches * config.eval_noise_bsize;
  const count = (kind: 'dense' | 'convolved') =>
    labelled * trained(teacher.class)[kind] + noise * (trained(student.auxiliary)[kind] + teacher.auxiliary[kind]) +
    2 * test * (teacher.class[kind] + student.class[kind]) + evaluated * (teacher.auxiliary[kind] + student.auxiliary[kind]);
  return { dense: count('dense'), convolved: count('convolved'), drawn: (noise + evaluated) * PIXELS };
}

/** A process with its compiled code, before any run: measured, Node 20. */
const PROCESS = 90e6;

/**
 * What a run takes at most, from its layers: in the core data, parameters with gradients and Adam's moments, and a step's
 * activations with their gradients; beside it snapshots of both models and the dataset once more. Measured: 592 MB for widths
 * 256,11585 (611 counted), 1479 MB for 4096,4096 (1567), 930 MB for the convolutional student of figure 3 (1093).
 */
export function memoryOf(config: SplitHeadConfig, size: DatasetSize): RunMemory {
  const { teacher, student } = networksOf(config);
  const { train, test } = datasetSizeOf(config, size);
  const data = (train + test) * (PIXELS + 1);
  const parameters = teacher.whole.parameters + student.whole.parameters;
  const most = Math.max(teacher.whole.parameters, student.whole.parameters);
  const supervised = Math.max(config.data_bsize, 1) * teacher.class.floats;
  const distilled = Math.max(config.noise_bsize, config.eval_noise_bsize) * (student.auxiliary.floats + teacher.auxiliary.floats / 2);
  const core = data + 4 * (parameters + 3 * most) + 2 * 4 * Math.max(supervised, distilled);
  return { core, process: PROCESS + core + 2 * data + 4 * 5 * parameters };
}
