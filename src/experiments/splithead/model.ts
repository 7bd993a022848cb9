// The split-head networks: one feature extractor, a classification head and an auxiliary head.
import type { Core } from '../../core/index.js';
import { Conv2d, Linear } from '../../nn/index.js';
import { Generator } from '../../random/index.js';
import { adaptiveAvgPool2d, avgPool2d, flatten, maxPool2d, reshape, type Tape, type Tensor } from '../../tensor/index.js';
import type { InitSource } from './layer-settings.js';
import { derivedSeed, type Seed } from './seeds.js';
import type { ConvolutionLayer, FeatureLayer, PoolLayer } from './specification.js';

const PIXELS = 28 * 28;

function pool(tape: Tape, x: Tensor, layer: PoolLayer): Tensor {
  if (layer.kind === 'adaptive_average') return adaptiveAvgPool2d(tape, x, layer.output);
  const { kernel, stride, padding } = layer;
  return (layer.kind === 'max' ? maxPool2d : avgPool2d)(tape, x, { kernel, stride, padding });
}

/** A batch of images: pixels [batch, 784] float32, each less `offset` (default 0). */
export interface ModelInput {
  pixels: Tensor;
  offset?: number;
}

/** Feature layers, `class_head` [classes, features] and `aux_head` [m, features], all float32. */
export class SplitHeadModel {
  /** Parameters by layer name, in the order features..., class_head, aux_head. */
  readonly layers: ReadonlyMap<string, Linear | Conv2d>;
  readonly #features: readonly FeatureLayer[];

  /**
   * @param features resolved feature layers (`mlpLayers` or `readSpecification`)
   * @param width number of features that the heads see
   */
  constructor(core: Core, name: string, features: readonly FeatureLayer[], width: number, classes: number, m: number) {
    this.#features = features;
    const layers = new Map<string, Linear | Conv2d>();
    for (const layer of features) layers.set(layer.name, makeLayer(core, name, layer));
    layers.set('class_head', new Linear(core, width, classes, { name: `${name}.class_head` }));
    layers.set('aux_head', new Linear(core, width, m, { name: `${name}.aux_head` }));
    this.layers = layers;
  }

  get layerNames(): string[] {
    return [...this.layers.keys()];
  }

  /** Every layer's weight, then bias, in layer order. */
  *parameters(): IterableIterator<[name: string, parameter: Tensor]> {
    for (const [name, { weight, bias }] of this.layers) {
      yield [`${name}.weight`, weight];
      if (bias !== null) yield [`${name}.bias`, bias];
    }
  }

  /** Whether the input may be stored less a constant (see `LinearOptions.inputOffset`): true of an MLP. */
  get takesOffset(): boolean {
    return this.#features[0]!.kind === 'linear';
  }

  /** images [batch, 784] -> [batch, features] */
  features(tape: Tape, { pixels, offset = 0 }: ModelInput): Tensor {
    let h = this.takesOffset ? pixels : reshape(tape, pixels, [pixels.shape[0]!, 1, 28, 28]);
    for (const [index, layer] of this.#features.entries()) {
      const parameters = this.layers.get(layer.name)!;
      if (layer.kind === 'linear' && h.shape.length > 2) h = flatten(tape, h);
      h = parameters.forward(tape, h, { activation: layer.activation, inputOffset: index === 0 ? offset : 0 });
      if (layer.kind === 'conv2d' && layer.pool !== null) h = pool(tape, h, layer.pool);
    }
    return h.shape.length > 2 ? flatten(tape, h) : h;
  }

  /** images [batch, 784] -> class logits [batch, classes] */
  classLogits(tape: Tape, input: ModelInput): Tensor {
    return this.layers.get('class_head')!.forward(tape, this.features(tape, input));
  }

  /** images [batch, 784] -> auxiliary logits [batch, m] */
  auxiliaryLogits(tape: Tape, input: ModelInput): Tensor {
    return this.layers.get('aux_head')!.forward(tape, this.features(tape, input));
  }

  dispose(): void {
    for (const layer of this.layers.values()) layer.dispose();
  }
}

function makeLayer(core: Core, model: string, layer: FeatureLayer): Linear | Conv2d {
  const options = { bias: layer.bias, name: `${model}.${layer.name}` };
  if (layer.kind === 'linear') return new Linear(core, layer.inputs, layer.outputs, options);
  const { stride, padding, dilation } = layer satisfies ConvolutionLayer;
  return new Conv2d(core, layer.inChannels, layer.outChannels, layer.kernel, { ...options, stride, padding, dilation });
}

/** fc1, fc2, ... with ReLU on 784 inputs, as the original's SplitHeadMLP. */
export function mlpLayers(hiddenWidths: readonly number[]): { layers: FeatureLayer[]; features: number } {
  const layers = hiddenWidths.map((outputs, index): FeatureLayer => ({
    kind: 'linear', name: `fc${index + 1}`, inputs: index === 0 ? PIXELS : hiddenWidths[index - 1]!, outputs, bias: true, activation: 'relu',
  }));
  return { layers, features: hiddenWidths[hiddenWidths.length - 1]! };
}

/**
 * Draws all parameters as the original does: the whole model under its own seed, in layer order, then
 * every layer whose source is A or B again under that source's seed.
 */
export async function initializeModel(
  core: Core, model: SplitHeadModel, modelSeed: Seed, sources: Record<string, InitSource>, seed: number,
): Promise<void> {
  const generator = new Generator(core, modelSeed);
  for (const layer of model.layers.values()) layer.initialize(generator);
  for (const [name, layer] of model.layers) {
    const source = sources[name]!;
    if (source === 'random') continue;
    generator.seed(await derivedSeed(seed, 'init_source', source, name));
    layer.initialize(generator);
  }
  generator.dispose();
}
