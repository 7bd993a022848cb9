// Networks as files: a list of layers in JSON, whose numbers stand there or in a safetensors file beside it.
//
//   { "input": [1, 28, 28], "layers": [
//     { "kind": "conv2d", "weight": "conv1.weight", "bias": "conv1.bias", "stride": 1, "padding": 2, "dilation": 1, "groups": 1 },
//     { "kind": "maxPool2d", "kernel": 2, "stride": 2 }, { "kind": "averagePool2d", "kernel": [2, 1] },
//     { "kind": "relu" }, { "kind": "flatten" },
//     { "kind": "residual", "layers": [{ "kind": "linear", "weight": [[1, 0], [0, 1]], "bias": [0, 0] }] } ] }
//
// A weight or bias is nested lists of numbers, or the name of a tensor. Any kind that is none of these is an activation.
import type { Core } from '../core/index.js';
import type { NamedArray } from '../nn/index.js';
import { Tensor, type Pair, type PoolingWindow, type Shape } from '../tensor/index.js';
import { activationMoments } from './activations.js';
import { activationLayer } from './layers-activation.js';
import { averagePool2dLayer, conv2dLayer, flattenLayer, linearLayer } from './layers-affine.js';
import { maxPool2dLayer } from './layers-max-pool.js';
import { residualLayer } from './layers-residual.js';
import type { Layer } from './layers.js';
import { MomentNetwork } from './network.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a description is read with. */
interface Source {
  core: Core;
  tensors: ReadonlyMap<string, NamedArray>;
}

/** The fields of each kind, besides `kind`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  linear: ['weight', 'bias'],
  conv2d: ['weight', 'bias', 'stride', 'padding', 'dilation', 'groups'],
  averagePool2d: ['kernel', 'stride', 'padding'],
  maxPool2d: ['kernel', 'stride', 'padding'],
  flatten: [],
  residual: ['layers'],
};

function refuse(where: string, expected: string, got: unknown): never {
  const text = JSON.stringify(got) ?? 'nothing';
  throw new RangeError(`${where}: expected ${expected}, got ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shape and values of nested lists of finite numbers. */
function readNested(where: string, value: unknown): { shape: number[]; values: number[] } {
  if (typeof value === 'number' && Number.isFinite(value)) return { shape: [], values: [value] };
  if (!Array.isArray(value) || value.length === 0) return refuse(where, 'finite numbers, in lists of one length at each depth, or the name of a tensor', value);
  const parts = value.map((part, index) => readNested(`${where}[${index}]`, part));
  const { shape } = parts[0]!;
  const odd = parts.findIndex((part) => part.shape.join() !== shape.join());
  if (odd >= 0) return refuse(`${where}[${odd}]`, `shape [${shape.join(', ')}] as its neighbours have`, value[odd]);
  return { shape: [value.length, ...shape], values: parts.flatMap((part) => part.values) };
}

function readTensor({ core, tensors }: Source, where: string, value: unknown, axes: number): Tensor {
  if (typeof value !== 'string') {
    const { shape, values } = readNested(where, value);
    if (shape.length !== axes) return refuse(where, `${axes} axes`, value);
    return Tensor.from(core, values, shape, 'float64', where);
  }
  const named = tensors.get(value);
  if (named === undefined) return refuse(where, `the name of a tensor (${[...tensors.keys()].join(', ') || 'no tensors were given'})`, value);
  const wrong = named.values.findIndex((number) => !Number.isFinite(number));
  if (wrong >= 0) return refuse(where, `finite values in tensor ${value}`, String(named.values[wrong]));
  if (named.shape.length !== axes) return refuse(where, `a tensor of ${axes} axes`, named.shape);
  return Tensor.from(core, named.values, named.shape, 'float64', where);
}

/** Two whole numbers of at least `least`, or one for both. */
function readPair(where: string, value: unknown, least: number): Pair {
  const pair = typeof value === 'number' ? [value, value] : value;
  if (Array.isArray(pair) && pair.length === 2 && pair.every((extent) => Number.isSafeInteger(extent) && extent >= least)) return pair as unknown as Pair;
  return refuse(where, `a whole number of at least ${least} or two of them`, value);
}

function readOptionalPair(where: string, fields: Fields, name: string, least: number): Partial<Record<string, Pair>> {
  return fields[name] === undefined ? {} : { [name]: readPair(`${where}.${name}`, fields[name], least) };
}

function readWindow(where: string, fields: Fields): PoolingWindow {
  const kernel = readPair(`${where}.kernel`, fields.kernel, 1);
  const window = { kernel, ...readOptionalPair(where, fields, 'stride', 1), ...readOptionalPair(where, fields, 'padding', 0) };
  const { padding = [0, 0] } = window as PoolingWindow;
  if (padding[0] > kernel[0] / 2 || padding[1] > kernel[1] / 2) return refuse(`${where}.padding`, 'at most half the kernel', fields.padding);
  return window;
}

function readParameters(source: Source, where: string, { weight, bias }: Fields, axes: number): [weight: Tensor, bias: Tensor | null] {
  return [readTensor(source, `${where}.weight`, weight, axes), bias == null ? null : readTensor(source, `${where}.bias`, bias, 1)];
}

function readConvolution(source: Source, where: string, fields: Fields): Layer {
  const { groups = 1 } = fields;
  if (!(Number.isSafeInteger(groups) && (groups as number) >= 1)) return refuse(`${where}.groups`, 'a whole number of at least 1', groups);
  const options = {
    groups: groups as number, ...readOptionalPair(where, fields, 'stride', 1), ...readOptionalPair(where, fields, 'padding', 0), ...readOptionalPair(where, fields, 'dilation', 1),
  };
  return conv2dLayer(...readParameters(source, where, fields, 4), options);
}

function readActivation(where: string, kind: string): Layer {
  try {
    return activationLayer(activationMoments(kind));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${where}.kind: expected ${Object.keys(FIELDS).join(', ')} or an activation, got ${JSON.stringify(kind)} (${error.message})`);
  }
}

function readLayer(source: Source, where: string, fields: unknown): Layer {
  if (!isObject(fields) || typeof fields.kind !== 'string') return refuse(where, 'a layer such as { "kind": "relu" }', fields);
  const { kind } = fields;
  const known = (Object.hasOwn(FIELDS, kind) ? FIELDS[kind] : undefined) ?? [];
  const unknown = Object.keys(fields).find((name) => name !== 'kind' && !known.includes(name));
  if (unknown !== undefined) return refuse(where, known.length === 0 ? `no fields beside kind in ${kind}` : `the fields ${known.join(', ')} in ${kind}`, unknown);
  switch (kind) {
    case 'linear': return linearLayer(...readParameters(source, where, fields, 2));
    case 'conv2d': return readConvolution(source, where, fields);
    case 'averagePool2d': return averagePool2dLayer(readWindow(where, fields));
    case 'maxPool2d': return maxPool2dLayer(readWindow(where, fields));
    case 'flatten': return flattenLayer();
    case 'residual': return residualLayer(readLayers(source, `${where}.layers`, fields.layers));
    default: return readActivation(where, kind);
  }
}

function readLayers(source: Source, where: string, list: unknown): Layer[] {
  if (!Array.isArray(list) || list.length === 0) return refuse(where, 'a list of at least one layer', list);
  return list.map((fields, index) => {
    try {
      return readLayer(source, `${where}[${index}]`, fields);
    } catch (error) {
      // The layers name themselves and not their place.
      if (!(error instanceof RangeError) || error.message.includes(where)) throw error;
      throw new RangeError(`${where}[${index}]: ${error.message}`);
    }
  });
}

function readInput(where: string, input: unknown): Shape {
  const shape = typeof input === 'number' ? [input] : input;
  const isShape = Array.isArray(shape) && shape.length > 0 && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1);
  return isShape ? (shape as number[]) : refuse(`${where}: input`, 'a number of features or [channels, height, width]', input);
}

/**
 * The network that a description stands for; its parameters are persistent float64 tensors that nothing else holds
 * (float32 values are widened). Nothing is kept of a description that is refused.
 * @param text JSON as above
 * @param file named in errors
 * @param tensors by name, for descriptions that name them: those of a safetensors file
 * @throws RangeError naming the file and the field that is not as expected, or the layer whose dimensions do not fit
 */
export function readNetwork(core: Core, text: string, file: string, tensors: ReadonlyMap<string, NamedArray> = new Map()): MomentNetwork {
  let description: unknown;
  try {
    description = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`${file}: expected JSON, got ${(error as Error).message}`);
  }
  if (!isObject(description)) return refuse(file, '{ "input": ..., "layers": [...] }', description);
  const { input, layers } = description;
  const shape = readInput(file, input);
  return core.memory.allOrNothing(() => {
    const read = readLayers({ core, tensors }, `${file}: layers`, layers);
    try {
      return new MomentNetwork(read, shape);
    } catch (error) {
      throw error instanceof RangeError ? new RangeError(`${file}: ${error.message}`) : error;
    }
  });
}
