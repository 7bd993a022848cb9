// Feature layers as the experiments' networks share them: linear or convolution, activation, pooling.
import type { Core } from '../core/index.js';
import { Conv2d, Linear } from '../nn/index.js';
import { adaptiveAvgPool2d, avgPool2d, cast, flatten, maxPool2d, reshape, type DType, type Tape, type Tensor } from '../tensor/index.js';
import type { ConvolutionLayer, FeatureLayer, PoolLayer } from './specification.js';

const PIXELS = 28 * 28;

/** A batch of images: pixels [batch, 784], each less `offset` (default 0). */
export interface NetworkInput {
  pixels: Tensor;
  offset?: number;
}

export type NetworkLayer = Linear | Conv2d;

/** Feature layers with their parameters, then heads that the caller names. */
export class Network {
  /** Parameters by layer name: the features in order, then the heads. */
  readonly layers: ReadonlyMap<string, NetworkLayer>;
  /** Of the parameters, and so of what is computed. */
  readonly dtype: DType;
  readonly #features: readonly FeatureLayer[];

  /**
   * @param features resolved feature layers (`mlpLayers` or `readSpecification`)
   * @param heads linear layers after the features, each by its name: [outputs, width]
   * @param width number of features that the heads see
   * @param dtype of the parameters; default float32
   */
  constructor(core: Core, name: string, features: readonly FeatureLayer[], width: number, heads: Readonly<Record<string, number>>, dtype: DType = 'float32') {
    this.#features = features;
    this.dtype = dtype;
    const layers = new Map<string, NetworkLayer>();
    for (const layer of features) layers.set(layer.name, makeLayer(core, name, layer, dtype));
    for (const [head, outputs] of Object.entries(heads)) layers.set(head, new Linear(core, width, outputs, { dtype, name: `${name}.${head}` }));
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
  features(tape: Tape, { pixels, offset = 0 }: NetworkInput): Tensor {
    const x = cast(tape, pixels, this.dtype);
    let h = this.takesOffset ? x : reshape(tape, x, [pixels.shape[0]!, 1, 28, 28]);
    for (const [index, layer] of this.#features.entries()) {
      const parameters = this.layers.get(layer.name)!;
      if (layer.kind === 'linear' && h.shape.length > 2) h = flatten(tape, h);
      h = parameters.forward(tape, h, { activation: layer.activation, inputOffset: index === 0 ? offset : 0 });
      if (layer.kind === 'conv2d' && layer.pool !== null) h = pool(tape, h, layer.pool);
    }
    return h.shape.length > 2 ? flatten(tape, h) : h;
  }

  /** images [batch, 784] -> a head's logits [batch, outputs] */
  logits(tape: Tape, head: string, input: NetworkInput): Tensor {
    return this.layers.get(head)!.forward(tape, this.features(tape, input));
  }

  dispose(): void {
    for (const layer of this.layers.values()) layer.dispose();
  }
}

function pool(tape: Tape, x: Tensor, layer: PoolLayer): Tensor {
  if (layer.kind === 'adaptive_average') return adaptiveAvgPool2d(tape, x, layer.output);
  const { kernel, stride, padding } = layer;
  return (layer.kind === 'max' ? maxPool2d : avgPool2d)(tape, x, { kernel, stride, padding });
}

function makeLayer(core: Core, network: string, layer: FeatureLayer, dtype: DType): NetworkLayer {
  const options = { bias: layer.bias, dtype, name: `${network}.${layer.name}` };
  if (layer.kind === 'linear') return new Linear(core, layer.inputs, layer.outputs, options);
  const { stride, padding, dilation } = layer satisfies ConvolutionLayer;
  return new Conv2d(core, layer.inChannels, layer.outChannels, layer.kernel, { ...options, stride, padding, dilation });
}

/** fc1, fc2, ... with ReLU on 784 inputs. */
export function mlpLayers(hiddenWidths: readonly number[]): { layers: FeatureLayer[]; features: number } {
  const layers = hiddenWidths.map((outputs, index): FeatureLayer => ({
    kind: 'linear', name: `fc${index + 1}`, inputs: index === 0 ? PIXELS : hiddenWidths[index - 1]!, outputs, bias: true, activation: 'relu',
  }));
  return { layers, features: hiddenWidths[hiddenWidths.length - 1]! };
}
