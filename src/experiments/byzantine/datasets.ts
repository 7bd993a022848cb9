// Datasets as the experiment's models see them.
import type { Core } from '../../core/index.js';
import { denseRows, NORMALISED_PIXELS, type DatasetPair, type ImageDataset, type LibsvmDataset } from '../../data/index.js';
import { Stepper, tanh, type Pair } from '../../tensor/index.js';
import { ConfigurationError } from '../configuration.js';
import { ResidentImages } from '../images.js';
import { defaultCnnSpecification, readSpecification } from '../specification.js';
import type { ByzantineConfig } from './config.js';
import type { LayerShape } from './linear-stack.js';
import { DenseSamples, StackTask, type Samples } from './task.js';

/** Labelled images, or rows of a LIBSVM file. */
export type ByzantineData = { kind: 'images'; pair: DatasetPair } | { kind: 'rows'; train: LibsvmDataset; validation: LibsvmDataset };

export function dataHashOf(data: ByzantineData): string {
  return data.kind === 'images' ? data.pair.sha256 : `${data.train.sha256}+${data.validation.sha256}`;
}

const PIXELS = 28 * 28;

/** @param lessBackground store pixels less a black one's value, which padding with zeros does not allow */
function imageSamples(core: Core, part: ImageDataset, table: Float32Array, lessBackground: boolean): Samples & { dispose(): void } {
  const images = new ResidentImages(core, part, table);
  return {
    count: part.count,
    labels: part.labels,
    batch: (tape, indices) => {
      const { images: { pixels, offset = 0 }, labels } = images.batch(tape, indices, lessBackground);
      return { x: pixels, offset, labels };
    },
    dispose: () => images.dispose(),
  };
}

/** Each byte's pixel after the model's own input function. */
function pixelTable(core: Core, { model }: ByzantineConfig): Float32Array {
  if (model !== 'notebook') return NORMALISED_PIXELS;
  const stepper = new Stepper(core);
  const table = stepper.step((tape) => tanh(tape, tape.from(NORMALISED_PIXELS, [256])).toArray());
  stepper.dispose();
  return table as Float32Array;
}

/** The split-head family's default CNN with its class head. */
function cnnLayers(features: number, classes: number): LayerShape[] {
  const { layers, features: inputs } = readSpecification('--model cnn', defaultCnnSpecification(features));
  let [height, width] = [28, 28];
  const shapes = layers.map((layer): LayerShape => {
    if (layer.kind === 'linear') return { inputs: layer.inputs, outputs: layer.outputs, activation: 'relu' };
    const { inChannels: channels, outChannels, kernel, padding } = layer;
    const convolution = { channels, height, width, outChannels, kernel, padding, pool: (layer.pool as { kernel: Pair }).kernel };
    const pixels = height * width;
    [height, width] = [Math.floor(height / convolution.pool[0]), Math.floor(width / convolution.pool[1])];
    return { inputs: channels * pixels, outputs: outChannels * pixels, activation: 'relu', convolution };
  });
  return [...shapes, { inputs, outputs: classes, activation: 'none' }];
}

function layersOf({ model, hidden_dims }: ByzantineConfig, inputs: number, classes: number): LayerShape[] {
  if (model === 'cnn') return cnnLayers(hidden_dims.at(-1)!, classes);
  const widths = model === 'notebook' ? [50] : model === 'mlp' ? hidden_dims : [];
  const activation = model === 'notebook' ? 'tanh' : 'relu';
  return [...widths, classes].map((outputs, index) => ({
    inputs: index === 0 ? inputs : widths[index - 1]!, outputs, activation: index < widths.length ? activation : 'none',
  }));
}

/** A LIBSVM file of two classes as dense float64 rows, labels 0 (the smaller) and 1. */
function denseSamples(core: Core, rows: LibsvmDataset, features: number, classes: readonly number[]): DenseSamples {
  const values = new Float64Array(rows.count * features);
  denseRows({ ...rows, features }, Int32Array.from({ length: rows.count }, (_, row) => row), values);
  return new DenseSamples(core, values, features, Int32Array.from(rows.labels, (label) => classes.indexOf(label)));
}

function requireTwoClasses(train: LibsvmDataset, validation: LibsvmDataset): readonly number[] {
  const { classes } = train;
  if (classes.length !== 2) throw new ConfigurationError(`--dataset ${train.name}: expected two classes for --model logistic, got ${classes.length} (${classes.slice(0, 5).join(', ')})`);
  const unknown = validation.classes.find((label) => !classes.includes(label));
  if (unknown !== undefined) throw new ConfigurationError(`--validation-file ${validation.name}: expected labels ${classes.join(' and ')}, got ${unknown}`);
  return classes;
}

/** The model on its data. @throws ConfigurationError for a model that does not fit the data; RangeError when memory is exhausted */
export function makeTask(core: Core, config: ByzantineConfig, data: ByzantineData): { task: StackTask; dispose: () => void } {
  if (data.kind === 'rows') {
    const { train, validation } = data;
    const classes = requireTwoClasses(train, validation);
    const features = Math.max(train.features, validation.features);
    const parts = { train: denseSamples(core, train, features, classes), validation: denseSamples(core, validation, features, classes) };
    return finish(core, layersOf(config, features, 1), parts, config);
  }
  const { pair } = data;
  if (config.model === 'logistic') return finish(core, layersOf(config, PIXELS, 1), imagesAsRows(core, pair), config);
  const table = pixelTable(core, config);
  const parts = { train: imageSamples(core, pair.train, table, config.model !== 'cnn'), validation: imageSamples(core, pair.test, table, config.model !== 'cnn') };
  return finish(core, layersOf(config, PIXELS, pair.classes), parts, config);
}

/** Images for a binary model: normalised pixels in float64, 1 for the lower half of the classes. */
function imagesAsRows(core: Core, pair: DatasetPair): { train: DenseSamples; validation: DenseSamples } {
  const dense = ({ images, labels }: ImageDataset) =>
    new DenseSamples(core, Float64Array.from(images, (pixel) => NORMALISED_PIXELS[pixel]!), PIXELS, Int32Array.from(labels, (label) => Number(label < pair.classes / 2)));
  return { train: dense(pair.train), validation: dense(pair.test) };
}

function finish(
  core: Core, layers: LayerShape[], parts: { train: Samples & { dispose(): void }; validation: Samples & { dispose(): void } }, config: ByzantineConfig,
): { task: StackTask; dispose: () => void } {
  const loss = config.model === 'logistic' ? 'binary' : config.model === 'notebook' ? 'softmax-then-cross-entropy' : 'cross-entropy';
  const task = new StackTask(core, layers, parts, loss, config.model === 'logistic' ? config.weight_decay : 0);
  const dispose = () => {
    task.dispose();
    parts.train.dispose();
    parts.validation.dispose();
  };
  return { task, dispose };
}

