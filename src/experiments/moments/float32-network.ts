// A network file's layers in float32, as PyTorch runs them: what is trained, and what classifies many images.
import type { Core } from '../../core/index.js';
import { activationMoments } from '../../moments/activations.js';
import { Conv2d, Linear, type NamedArray } from '../../nn/index.js';
import type { Generator } from '../../random/index.js';
import { add, avgPool2d, flatten, maxPool2d, reshape, type Pair, type PoolingWindow, type Shape, type Tape, type Tensor } from '../../tensor/index.js';

/** One layer of a network file; see `src/moments/model-file.ts` for its fields. */
export interface LayerFields {
  readonly kind: string;
  readonly [field: string]: unknown;
}

export interface NetworkDescription {
  /** [channels, height, width], or [n]. */
  readonly input: Shape;
  readonly layers: readonly LayerFields[];
}

type LayerFunction = (tape: Tape, x: Tensor) => Tensor;
type WeightedLayer = Linear | Conv2d;

const pairOf = (value: unknown): Pair => (typeof value === 'number' ? [value, value] : (value as Pair));

/** The window's fields that are there, as pairs. */
function pairsOf<N extends string>(fields: LayerFields, names: readonly N[]): Partial<Record<N, Pair>> {
  return Object.fromEntries(names.filter((name) => fields[name] !== undefined).map((name) => [name, pairOf(fields[name])])) as Partial<Record<N, Pair>>;
}

/** Nested lists as an array. */
function nestedArray(value: unknown): NamedArray {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  return { dtype: 'float32', shape, values: Float32Array.from((value as unknown[]).flat(shape.length - 1) as number[]) };
}

/** The layers of a description that `readNetwork` accepts. Convolutions in groups are the one thing that it has and this has not. */
export class Float32Network {
  readonly #core: Core;
  readonly #input: Shape;
  readonly #tensors: ReadonlyMap<string, NamedArray>;
  readonly #weighted: { layer: WeightedLayer; names: { weight: string; bias: string } }[] = [];
  readonly #functions: readonly LayerFunction[];

  /**
   * @param description checked by `readNetwork`
   * @param tensors by the names that the description gives; float64 is rounded
   * @throws RangeError for a convolution in groups, or when memory is exhausted
   */
  constructor(core: Core, { input, layers }: NetworkDescription, tensors: ReadonlyMap<string, NamedArray>) {
    this.#core = core;
    this.#input = input;
    this.#tensors = tensors;
    this.#functions = core.memory.allOrNothing(() => layers.map((fields, index) => this.#functionOf(fields, `layers[${index}]`)));
  }

  /** x [batch, n] or [batch, ...input] -> [batch, outputs] */
  forward(tape: Tape, x: Tensor): Tensor {
    const result = this.#functions.reduce((value, run) => run(tape, value), reshape(tape, x, [x.shape[0]!, ...this.#input]));
    return result.shape.length > 2 ? flatten(tape, result) : result;
  }

  /** Draws every layer's weight and bias in order, as PyTorch does when the modules are made. */
  initialize(generator: Generator): void {
    for (const { layer } of this.#weighted) layer.initialize(generator);
  }

  /** Weights and biases in order, by the names that the description gives them; those written out in it by their place. */
  *parameters(): IterableIterator<[name: string, parameter: Tensor]> {
    for (const { layer, names } of this.#weighted) {
      yield [names.weight, layer.weight];
      if (layer.bias !== null) yield [names.bias, layer.bias];
    }
  }

  dispose(): void {
    for (const { layer } of this.#weighted) layer.dispose();
  }

  #functionOf(fields: LayerFields, where: string): LayerFunction {
    switch (fields.kind) {
      case 'linear': return this.#linear(fields, where);
      case 'conv2d': return this.#convolution(fields, where);
      case 'maxPool2d':
      case 'averagePool2d': {
        const window = pairsOf(fields, ['kernel', 'stride', 'padding']) as PoolingWindow;
        return (tape, x) => (fields.kind === 'maxPool2d' ? maxPool2d : avgPool2d)(tape, x, window);
      }
      case 'flatten': return flatten;
      case 'residual': {
        const branch = (fields.layers as LayerFields[]).map((inner, index) => this.#functionOf(inner, `${where}.layers[${index}]`));
        return (tape, x) => add(tape, x, reshape(tape, branch.reduce((value, run) => run(tape, value), x), x.shape));
      }
      default: {
        const activation = activationMoments(fields.kind);
        return (tape, x) => activation.apply(tape, x);
      }
    }
  }

  #linear(fields: LayerFields, where: string): LayerFunction {
    const weight = this.#arrayOf(fields.weight);
    const [outputs, inputs] = weight.shape as [number, number];
    const layer = this.#keep(new Linear(this.#core, inputs, outputs, { bias: fields.bias != null, name: where }), fields, where);
    return (tape, x) => layer.forward(tape, x.shape.length > 2 ? flatten(tape, x) : x);
  }

  #convolution(fields: LayerFields, where: string): LayerFunction {
    if ((fields.groups ?? 1) !== 1) throw new RangeError(`${where}: expected a convolution of 1 group, got ${String(fields.groups)}`);
    const [outChannels, inChannels, height, width] = this.#arrayOf(fields.weight).shape as [number, number, number, number];
    const options = { bias: fields.bias != null, name: where, ...pairsOf(fields, ['stride', 'padding', 'dilation']) };
    const layer = this.#keep(new Conv2d(this.#core, inChannels, outChannels, [height, width], options), fields, where);
    return (tape, x) => layer.forward(tape, x);
  }

  #arrayOf(value: unknown): NamedArray {
    return typeof value === 'string' ? this.#tensors.get(value)! : nestedArray(value);
  }

  /** Fills a layer with its values and remembers it. */
  #keep<L extends WeightedLayer>(layer: L, fields: LayerFields, where: string): L {
    layer.weight.data.set(this.#arrayOf(fields.weight).values);
    layer.bias?.data.set(this.#arrayOf(fields.bias).values);
    const nameOf = (field: 'weight' | 'bias') => (typeof fields[field] === 'string' ? fields[field] : `${where}.${field}`);
    this.#weighted.push({ layer, names: { weight: nameOf('weight'), bias: nameOf('bias') } });
    return layer;
  }
}
