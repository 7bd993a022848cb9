// Adam against torch.optim.Adam (test/reference/ops.py), and its options.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Adam } from '../../src/nn/index.js';
import { Tensor, type DType } from '../../src/tensor/index.js';

interface Values {
  shape: number[];
  values: number[];
}

interface AdamCase {
  op: 'adam';
  attributes: { lr: number; betas: [number, number]; eps: number; weight_decay: number };
  dtype: DType;
  inputs: Record<string, Values>;
  steps: { gradients: Record<string, Values>; parameters: Record<string, Values> }[];
}

const cases: AdamCase[] = JSON.parse(readFileSync(new URL('../reference/fixtures/ops.json', import.meta.url), 'utf8')).cases.filter(({ op }: { op: string }) => op === 'adam');

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

// A step rounds about ten times; the fixture's five steps move a parameter by at most 0.05, so what two orders of rounding
// can differ by is a few units in the last place of the parameter (up to 4) and of the sum of updates.
const TOLERANCE: Record<DType, number> = { float32: 4 * 4 * 2 ** -24, float64: 4 * 4 * 2 ** -53 };

describe('Adam', () => {
  it.each(cases.map((fixture) => [JSON.stringify(fixture.attributes), fixture.dtype, fixture] as const))("follows PyTorch's with %s in %s", (_, dtype, { attributes, inputs, steps }) => {
    expect(steps).toHaveLength(5);
    const parameters = Object.entries(inputs).map(([name, { values, shape }]) => [name, Tensor.from(core, values, shape, dtype)] as const);
    const { lr, betas, eps, weight_decay: weightDecay } = attributes;
    const adam = new Adam(parameters.map(([, parameter]) => parameter), { lr, betas, eps, weightDecay });
    for (const { gradients, parameters: expected } of steps) {
      for (const [name, parameter] of parameters) parameter.grad = Tensor.from(core, gradients[name]!.values, gradients[name]!.shape, dtype);
      adam.step();
      for (const [name, parameter] of parameters) {
        expected[name]!.values.forEach((value, at) => expect(Math.abs(parameter.data[at]! - value), `${name}[${at}]`).toBeLessThanOrEqual(TOLERANCE[dtype]));
        parameter.grad!.dispose();
        parameter.grad = undefined;
      }
    }
  });

  it('has a case for each dtype', () => {
    expect(cases.map(({ dtype }) => dtype).sort()).toEqual(['float32', 'float32', 'float32', 'float64', 'float64', 'float64']);
  });

  /** One parameter [2] after steps with the given gradients. */
  function follow(options: ConstructorParameters<typeof Adam>[1], gradients: number[][]): number[] {
    const parameter = Tensor.from(core, [1, -1], [2], 'float64');
    const adam = new Adam([parameter], options);
    for (const gradient of gradients) {
      parameter.grad = Tensor.from(core, gradient, [2], 'float64');
      adam.step();
    }
    return Array.from(parameter.data);
  }

  it('goes the other way with maximize', () => {
    const down = follow({}, [[0.5, -0.25], [0.1, 0.2]]);
    const up = follow({ maximize: true }, [[-0.5, 0.25], [-0.1, -0.2]]);
    expect(up).toEqual(down);
  });

  it('does not forget a large gradient with amsgrad', () => {
    const gradients = [[10, 10], ...Array.from({ length: 50 }, () => [0.01, 0.01])];
    const [plain] = follow({ lr: 0.1, betas: [0.5, 0.5] }, gradients);
    const [kept] = follow({ lr: 0.1, betas: [0.5, 0.5], amsgrad: true }, gradients);
    expect(1 - kept!).toBeLessThan((1 - plain!) / 2);
  });

  it('leaves a parameter without a gradient, and its count of steps', () => {
    const parameters = [Tensor.from(core, [1], [1]), Tensor.from(core, [1], [1])];
    const adam = new Adam(parameters);
    parameters[0]!.grad = Tensor.from(core, [1], [1]);
    adam.step();
    expect(parameters.map((parameter) => parameter.item() === 1)).toEqual([false, true]);
    expect(adam.state().steps).toEqual([1, 0]);
  });

  it('goes on from saved state in the same bits', () => {
    const make = () => {
      const parameter = Tensor.from(core, [1, 2, 3], [3]);
      return { parameter, adam: new Adam([parameter], { amsgrad: true, weightDecay: 0.1 }) };
    };
    const step = ({ parameter, adam }: ReturnType<typeof make>, seed: number) => {
      parameter.grad = Tensor.from(core, [seed, seed / 3, -seed], [3]);
      adam.step();
    };
    const whole = make();
    const half = make();
    for (let i = 1; i <= 7; i++) {
      step(whole, i);
      if (i <= 4) step(half, i);
    }
    const taken = make();
    taken.parameter.data.set(half.parameter.data);
    taken.adam.state().tensors.forEach((tensor, index) => tensor.data.set(half.adam.state().tensors[index]!.data));
    taken.adam.restoreSteps(half.adam.state().steps);
    for (let i = 5; i <= 7; i++) step(taken, i);
    expect(taken.parameter.toArray()).toEqual(whole.parameter.toArray());
  });

  it.each([
    [{ lr: -1 }, 'lr of at least 0, got -1'], [{ lr: NaN }, 'lr of at least 0, got NaN'], [{ lr: Infinity }, 'lr of at least 0, got Infinity'], [{ eps: -1e-8 }, 'eps of at least 0, got -1e-8'],
    [{ weightDecay: -0.1 }, 'weightDecay of at least 0, got -0.1'], [{ weightDecay: NaN }, 'weightDecay of at least 0, got NaN'], [{ betas: [1, 0.9] as const }, 'betas in [0, 1), got 1, 0.9'],
    [{ betas: [0.9, NaN] as const }, 'betas in [0, 1), got 0.9, NaN'],
  ])('refuses %j', (options, message) => {
    const parameter = Tensor.from(core, [1], [1]);
    const held = core.memory.allocatedBytes;
    expect(() => new Adam([parameter], options)).toThrow(new RangeError(`Adam: expected ${message}`));
    expect(core.memory.allocatedBytes).toBe(held);
  });

  it('refuses no parameters, and step counts of another number', () => {
    expect(() => new Adam([])).toThrow(new RangeError('Adam: expected at least one parameter, got none'));
    expect(() => new Adam([Tensor.from(core, [1], [1])]).restoreSteps([1, 2])).toThrow(new RangeError('Adam: expected 1 step counts, got 2'));
  });

  it('gives its memory back', () => {
    const parameter = Tensor.from(core, [1], [1]);
    const held = core.memory.allocatedBytes;
    new Adam([parameter], { amsgrad: true }).dispose();
    expect(core.memory.allocatedBytes).toBe(held);
  });
});
