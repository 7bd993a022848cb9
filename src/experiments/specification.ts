// The JSON description of a CNN's feature layers, checked and resolved to exact shapes.
import { convolvedExtent, type Activation, type Pair } from '../tensor/index.js';
import { ConfigurationError, parseBoolean, quote } from './configuration.js';

export type PoolLayer =
  | { kind: 'max' | 'average'; kernel: Pair; stride: Pair; padding: Pair }
  | { kind: 'adaptive_average'; output: Pair };

export interface ConvolutionLayer {
  kind: 'conv2d';
  name: string;
  inChannels: number;
  outChannels: number;
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  bias: boolean;
  activation: Activation;
  pool: PoolLayer | null;
}

export interface LinearLayer {
  kind: 'linear';
  name: string;
  inputs: number;
  outputs: number;
  bias: boolean;
  activation: Activation;
}

export type FeatureLayer = ConvolutionLayer | LinearLayer;
type Entry = Record<string, unknown>;

const CONVOLUTION_KEYS = ['name', 'type', 'out_channels', 'kernel_size', 'stride', 'padding', 'dilation', 'bias', 'activation', 'pool'];
const LINEAR_KEYS = ['name', 'type', 'out_features', 'bias', 'activation'];
const POOL_KEYS = ['type', 'kernel_size', 'stride', 'padding', 'dilation', 'output_size'];
const HEADS = ['class_head', 'aux_head'];

const ACTIVATIONS: Record<string, Activation> = {
  none: 'none', identity: 'none', linear: 'none', relu: 'relu', gelu: 'gelu', tanh: 'tanh', sigmoid: 'sigmoid',
};
const POOLS: Record<string, PoolLayer['kind']> = {
  max: 'max', maxpool: 'max', maxpool2d: 'max',
  avg: 'average', average: 'average', avgpool: 'average', avgpool2d: 'average',
  adaptive_avg: 'adaptive_average', adaptive_average: 'adaptive_average',
};

/** The original's default: two 3x3 convolutions with max-pooling, then a linear layer of `width`. */
export function defaultCnnSpecification(width: number): Entry[] {
  const convolution = (name: string, channels: number) => ({
    name, type: 'conv2d', out_channels: channels, kernel_size: 3, padding: 1, activation: 'relu', pool: { type: 'max', kernel_size: 2 },
  });
  return [convolution('conv1', 32), convolution('conv2', 64), { name: 'fc1', type: 'linear', out_features: width, activation: 'relu' }];
}

/** Reads one entry's values; every error names the flag, the layer and the key. */
class EntryReader {
  readonly #where: string;
  readonly #entry: Entry;

  constructor(where: string, entry: Entry, keys: readonly string[]) {
    this.#where = where;
    this.#entry = entry;
    for (const key of Object.keys(entry)) {
      if (!keys.includes(key)) throw new ConfigurationError(`${where}: expected keys among ${keys.join(', ')}, got ${quote(key)}`);
    }
  }

  fail(key: string, expects: string): ConfigurationError {
    return new ConfigurationError(`${this.#where}: expected ${key} to be ${expects}, got ${this.#entry[key] === undefined ? 'nothing' : quote(this.#entry[key])}`);
  }

  whole(key: string, least: number): number {
    const value = this.#entry[key];
    if (!Number.isSafeInteger(value) || (value as number) < least) throw this.fail(key, `a whole number of at least ${least}`);
    return value as number;
  }

  pair(key: string, initial: number | Pair, least: number): Pair {
    const value = this.#entry[key] ?? initial;
    const pair = Array.isArray(value) ? value : [value, value];
    if (pair.length !== 2 || !pair.every((item) => Number.isSafeInteger(item) && item >= least)) {
      throw this.fail(key, `a whole number of at least ${least}, or two of them`);
    }
    return [pair[0], pair[1]];
  }

  boolean(key: string, initial: boolean): boolean {
    const value = this.#entry[key] === undefined ? initial : parseBoolean(this.#entry[key]);
    if (value === undefined) throw this.fail(key, 'true or false');
    return value;
  }

  word<T>(key: string, initial: string | null, words: Record<string, T>): T {
    const value = this.#entry[key] === undefined ? initial : this.#entry[key];
    const word = String(value ?? 'none').toLowerCase();
    const found = Object.hasOwn(words, word) ? words[word] : undefined;
    if (found === undefined) throw this.fail(key, `one of ${Object.keys(words).join(', ')}`);
    return found;
  }
}

function readPool(where: string, given: unknown): PoolLayer | null {
  if (given === undefined || given === null || given === false) return null;
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new ConfigurationError(`${where}: expected pool to be an object such as {"type": "max", "kernel_size": 2}, got ${quote(given)}`);
  }
  if (Object.keys(given).length === 0) return null;
  const reader = new EntryReader(`${where} pool`, given as Entry, POOL_KEYS);
  const kind = reader.word('type', 'max', POOLS);
  if (kind === 'adaptive_average') return { kind, output: reader.pair('output_size', 1, 1) };
  const kernel = reader.pair('kernel_size', 2, 1);
  const stride = reader.pair('stride', kernel, 1);
  const padding = reader.pair('padding', 0, 0);
  const dilation = reader.pair('dilation', 1, 1);
  if (dilation[0] !== 1 || dilation[1] !== 1) throw reader.fail('dilation', '1 (the original computes pools without dilation)');
  if (padding[0] * 2 > kernel[0] || padding[1] * 2 > kernel[1]) throw reader.fail('padding', `at most half the kernel size (${kernel.join(' x ')})`);
  return { kind, kernel, stride, padding };
}

function requirePixels(where: string, what: string, height: number, width: number): void {
  if (height < 1 || width < 1) {
    throw new ConfigurationError(`${where}: expected ${what} to leave at least 1 x 1 pixel, got ${Math.max(height, 0)} x ${Math.max(width, 0)}`);
  }
}

/** Walks a specification layer by layer, carrying the image's shape. */
class SpecificationReader {
  readonly #flag: string;
  readonly #layers: FeatureLayer[] = [];
  #channels = 1;
  #height = 28;
  #width = 28;
  #flat: number | undefined;
  readonly #counts = { conv: 0, fc: 0 };

  constructor(flag: string) {
    this.#flag = flag;
  }

  read(entries: readonly Entry[]): { layers: FeatureLayer[]; features: number } {
    if (entries.length === 0) throw new ConfigurationError(`${this.#flag}: expected at least one layer, got an empty list`);
    for (const [index, entry] of entries.entries()) this.#readEntry(index, entry);
    return { layers: this.#layers, features: this.#features() };
  }

  #features(): number {
    return this.#flat ?? this.#channels * this.#height * this.#width;
  }

  #readEntry(index: number, entry: Entry): void {
    const type = String(entry.type ?? '').toLowerCase();
    const where = `${this.#flag}: layer ${index + 1}${entry.name === undefined ? '' : ` (${String(entry.name)})`}`;
    if (type === 'conv2d' || type === 'conv') this.#readConvolution(where, entry);
    else if (type === 'linear') this.#readLinear(where, entry);
    else throw new ConfigurationError(`${where}: expected type conv2d or linear, got ${entry.type === undefined ? 'nothing' : quote(entry.type)}`);
  }

  #name(where: string, entry: Entry, initial: string): string {
    const name = String(entry.name || initial);
    if (HEADS.includes(name) || name === 'all' || /[\s,:+|]/.test(name)) {
      throw new ConfigurationError(`${where}: expected a name without spaces or any of , : + | and other than ${HEADS.join(', ')}, all; got ${quote(name)}`);
    }
    if (this.#layers.some((layer) => layer.name === name)) throw new ConfigurationError(`${where}: expected layer names to differ, got ${quote(name)} twice`);
    return name;
  }

  #readConvolution(where: string, entry: Entry): void {
    if (this.#flat !== undefined) throw new ConfigurationError(`${where}: expected convolutions before linear layers, got a conv2d after a linear`);
    const reader = new EntryReader(where, entry, CONVOLUTION_KEYS);
    const layer: ConvolutionLayer = {
      kind: 'conv2d',
      name: this.#name(where, entry, `conv${++this.#counts.conv}`),
      inChannels: this.#channels,
      outChannels: reader.whole('out_channels', 1),
      kernel: reader.pair('kernel_size', 3, 1),
      stride: reader.pair('stride', 1, 1),
      padding: reader.pair('padding', 0, 0),
      dilation: reader.pair('dilation', 1, 1),
      bias: reader.boolean('bias', true),
      activation: reader.word('activation', 'relu', ACTIVATIONS),
      pool: readPool(where, entry.pool),
    };
    this.#height = convolvedExtent(this.#height, layer.kernel[0], layer.stride[0], layer.padding[0], layer.dilation[0]);
    this.#width = convolvedExtent(this.#width, layer.kernel[1], layer.stride[1], layer.padding[1], layer.dilation[1]);
    requirePixels(where, 'the convolution', this.#height, this.#width);
    if (layer.pool !== null) this.#applyPool(where, layer.pool);
    this.#channels = layer.outChannels;
    this.#layers.push(layer);
  }

  #applyPool(where: string, pool: PoolLayer): void {
    if (pool.kind === 'adaptive_average') {
      [this.#height, this.#width] = pool.output;
      return;
    }
    this.#height = convolvedExtent(this.#height, pool.kernel[0], pool.stride[0], pool.padding[0], 1);
    this.#width = convolvedExtent(this.#width, pool.kernel[1], pool.stride[1], pool.padding[1], 1);
    requirePixels(where, 'its pool', this.#height, this.#width);
  }

  #readLinear(where: string, entry: Entry): void {
    const reader = new EntryReader(where, entry, LINEAR_KEYS);
    const layer: LinearLayer = {
      kind: 'linear',
      name: this.#name(where, entry, `fc${++this.#counts.fc}`),
      inputs: this.#features(),
      outputs: reader.whole('out_features', 1),
      bias: reader.boolean('bias', true),
      activation: reader.word('activation', 'relu', ACTIVATIONS),
    };
    this.#flat = layer.outputs;
    this.#layers.push(layer);
  }
}

/**
 * Resolves a list of `conv2d` and `linear` entries on a 1 x 28 x 28 input.
 * @returns the layers with their exact shapes, and the number of features the heads see
 * @throws ConfigurationError naming the flag, the layer, what was expected and what was given
 */
export function readSpecification(flag: string, entries: readonly Entry[]): { layers: FeatureLayer[]; features: number } {
  return new SpecificationReader(flag).read(entries);
}
