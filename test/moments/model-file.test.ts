import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { readNetwork } from '../../src/moments/index.js';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../../src/nn/index.js';
import { step } from './network-fixture.js';

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

const square = [[1, 2], [3, 4]];
const read = (description: unknown, tensors?: ReadonlyMap<string, NamedArray>) => readNetwork(core, JSON.stringify(description), 'net.json', tensors);
const ofLayers = (...layers: unknown[]) => read({ input: 2, layers });

describe('a network file', () => {
  it('gives the network that it describes', () => step(core, (tape) => {
    const network = read({
      input: [1, 4, 4],
      layers: [
        { kind: 'conv2d', weight: [[[[1, 0], [0, 1]]], [[[1, 1], [1, 1]]]], bias: [0, -1], stride: 2, padding: 0, dilation: [1, 1], groups: 1 },
        { kind: 'relu' }, { kind: 'averagePool2d', kernel: 1 }, { kind: 'maxPool2d', kernel: [2, 1], stride: [1, 1], padding: 0 }, { kind: 'flatten' },
        { kind: 'linear', weight: [[1, 1, 1, 1]], bias: null }, { kind: 'residual', layers: [{ kind: 'linear', weight: [[2]], bias: [1] }] },
      ],
    });
    expect(network.layers.map(({ kind }) => kind)).toEqual(['conv2d', 'activation', 'averagePool2d', 'maxPool2d', 'flatten', 'linear', 'residual']);
    expect(network.shapes).toEqual([[1, 4, 4], [2, 2, 2], [2, 2, 2], [2, 2, 2], [2, 1, 2], [4], [1], [1]]);
    const x = tape.from(Array.from({ length: 16 }, (_, index) => index), [1, 16], 'float64');
    // Windows at rows 0, 2 and columns 0, 2: diagonals 5, 9, 21, 25 and sums 10, 18, 42, 50 less 1; maxima 21 + 25 + 41 + 49 = 136; then y + 2 y + 1.
    expect(network.forward(tape, x).item()).toBe(409);
  }));

  it('may name tensors of a safetensors file, whose float32 is widened', () => step(core, (tape) => {
    const bytes = encodeSafetensors({
      metadata: {},
      tensors: new Map<string, NamedArray>([
        ['fc.weight', { dtype: 'float32', shape: [1, 2], values: Float32Array.of(0.5, 2) }], ['fc.bias', { dtype: 'float64', shape: [1], values: Float64Array.of(0.1) }],
      ]),
    });
    const network = read({ input: 2, layers: [{ kind: 'linear', weight: 'fc.weight', bias: 'fc.bias' }] }, decodeSafetensors(bytes, 'net.safetensors').tensors);
    expect(network.forward(tape, tape.from([2, 3], [1, 2], 'float64')).item()).toBe(7.1);
  }));

  const refused: [string, () => unknown, string][] = [
    ['text that is no JSON', () => readNetwork(core, '{', 'net.json'), 'net.json: expected JSON, got '],
    ['a list', () => read([]), 'net.json: expected { "input": ..., "layers": [...] }, got []'],
    ['no input', () => read({ layers: [{ kind: 'relu' }] }), 'net.json: input: expected a number of features or [channels, height, width], got nothing'],
    ['an empty network', () => ofLayers(), 'net.json: layers: expected a list of at least one layer, got []'],
    ['an unknown layer', () => ofLayers({ kind: 'relo' }), 'net.json: layers[0].kind: expected linear, conv2d, averagePool2d, maxPool2d, flatten, residual or an activation, got "relo"'],
    ['the nearest activation', () => ofLayers({ kind: 'relo' }), 'relu'],
    ['an unknown field', () => ofLayers({ kind: 'linear', weight: square, wieght: 1 }), 'net.json: layers[0]: expected the fields weight, bias in linear, got "wieght"'],
    ['a field of an activation', () => ofLayers({ kind: 'relu', slope: 1 }), 'net.json: layers[0]: expected no fields beside kind in relu, got "slope"'],
    ['a missing weight', () => ofLayers({ kind: 'linear' }), 'net.json: layers[0].weight: expected finite numbers'],
    ['a ragged weight', () => ofLayers({ kind: 'linear', weight: [[1, 2], [3]] }), 'net.json: layers[0].weight[1]: expected shape [2] as its neighbours have, got [3]'],
    ['a text among numbers', () => ofLayers({ kind: 'linear', weight: [[1, 'x']] }), 'net.json: layers[0].weight[0][1]: expected finite numbers'],
    ['a weight of too few axes', () => ofLayers({ kind: 'linear', weight: [1, 2] }), 'net.json: layers[0].weight: expected 2 axes'],
    ['a tensor that is not there', () => ofLayers({ kind: 'linear', weight: 'fc.weight' }), 'net.json: layers[0].weight: expected the name of a tensor (no tensors were given), got "fc.weight"'],
    ['a tensor with NaN', () => read({ input: 2, layers: [{ kind: 'linear', weight: 'w' }] }, new Map([['w', { dtype: 'float64', shape: [1, 2], values: Float64Array.of(1, NaN) }]])),
      'net.json: layers[0].weight: expected finite values in tensor w, got "NaN"'],
    ['a stride of 0', () => ofLayers({ kind: 'maxPool2d', kernel: 2, stride: 0 }), 'net.json: layers[0].stride: expected a whole number of at least 1 or two of them, got 0'],
    ['too much padding', () => ofLayers({ kind: 'maxPool2d', kernel: 2, padding: 2 }), 'net.json: layers[0].padding: expected at most half the kernel, got 2'],
    ['layers that do not fit', () => ofLayers({ kind: 'linear', weight: square }, { kind: 'linear', weight: [[1, 2, 3]] }), 'net.json: network: layer 1: linear: expected 3 inputs'],
    ['a bias that does not fit', () => ofLayers({ kind: 'linear', weight: square, bias: [1] }), 'net.json: layers[0]: linear: expected weight [out, in] and bias [out], got [2, 2] and [1]'],
    ['a layer in a branch', () => ofLayers({ kind: 'residual', layers: [{ kind: 'nothing' }] }), 'net.json: layers[0].layers[0].kind: expected'],
  ];
  it.each(refused)('is refused for %s', (_name, run, message) => expect(run).toThrow(message));

  it('leaves nothing behind when it is refused', () => {
    const before = core.memory.allocatedBytes;
    expect(() => ofLayers({ kind: 'linear', weight: square, bias: [1, 2] }, { kind: 'nothing' })).toThrow(RangeError);
    expect(core.memory.allocatedBytes).toBe(before);
  });
});
