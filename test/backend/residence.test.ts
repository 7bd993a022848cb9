// Where values lie: they move only when the side that lacks them asks, and nothing stays behind.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { Adam } from '../../src/nn/index.js';
import { add, matmul, mul, relu, reshape, scale, Stepper, Tensor } from '../../src/tensor/index.js';
import { FakeDevice } from './fake-device.js';

let core: Core;
let fake: FakeDevice;
let stepper: Stepper;
let x: Tensor;
beforeAll(async () => {
  core = await openCore();
});
beforeEach(() => {
  fake = new FakeDevice();
  stepper = new Stepper(core, fake.placement);
  x = Tensor.from(core, [1, -2, 3, -4], [2, 2]);
  return () => {
    stepper.dispose();
    x.dispose();
    expect(fake.live, 'handles left on the device').toBe(0);
  };
});

const moves = () => ({ up: fake.uploads, down: fake.downloads });

describe('a tensor', () => {
  it('goes to the device once, when an op there asks, and its results stay there', () => {
    stepper.step((tape) => {
      const y = relu(tape, scale(tape, x, 2));
      const z = add(tape, y, x);
      expect(moves()).toEqual({ up: 1, down: 0 });
      expect([x.isOnCore, x.isOn(fake.device), z.isOnCore, z.isOn(fake.device)]).toEqual([true, true, false, true]);
      expect(z.maker).toBe(fake.device);
    });
  });

  it('comes back once, when somebody reads it, and is then on both sides', () => {
    stepper.step((tape) => {
      const y = scale(tape, x, 2);
      expect(Array.from(y.toArray())).toEqual([2, -4, 6, -8]);
      expect(Array.from(y.toArray())).toEqual([2, -4, 6, -8]);
      expect([y.isOnCore, y.isOn(fake.device)]).toEqual([true, true]);
      scale(tape, y, 2);
      expect(moves()).toEqual({ up: 1, down: 1 });
    });
  });

  it('comes back when an op asks that only the core makes', () => {
    stepper.step((tape) => {
      const y = scale(tape, x, 2);
      expect(Array.from(matmul(tape, y, y).toArray())).toEqual([-20, 24, -36, 40]);
      expect(moves()).toEqual({ up: 1, down: 1 });
      expect(y.isOn(fake.device)).toBe(true);
    });
  });

  it('that is written in the core is outdated on the device', () => {
    stepper.step((tape) => {
      scale(tape, x, 2);
      x.data[0] = 5;
      expect(x.isOn(fake.device)).toBe(false);
      expect(scale(tape, x, 2).toArray()[0]).toBe(10);
      expect(moves()).toEqual({ up: 2, down: 1 });
    });
  });

  it('that is only read in the core is not', () => {
    stepper.step((tape) => {
      scale(tape, x, 2);
      x.toArray();
      mul(tape, x, x);
      scale(tape, x, 2);
      expect(moves()).toEqual({ up: 1, down: 0 });
    });
  });

  it('shares both sides with its views', () => {
    stepper.step((tape) => {
      const y = scale(tape, x, 2);
      const flat = reshape(tape, y, [4]);
      expect(flat.isOn(fake.device)).toBe(true);
      flat.toArray();
      expect(y.isOnCore).toBe(true);
      flat.data[0] = 7;
      expect(y.isOn(fake.device)).toBe(false);
      expect(scale(tape, y, 1).toArray()[0]).toBe(7);
    });
  });

  it('of float64 never leaves the core', () => {
    const wide = Tensor.from(core, [1, 2], [2], 'float64');
    stepper.step((tape) => expect(Array.from(relu(tape, scale(tape, wide, 2)).toArray())).toEqual([2, 4]));
    expect(moves()).toEqual({ up: 0, down: 0 });
    wide.dispose();
  });

  it('of a step that has ended cannot be fetched', async () => {
    const kept = stepper.step((tape) => scale(tape, x, 2));
    expect(() => kept.toArray()).toThrow('its step has ended');
    await expect(kept.fetch()).rejects.toThrow('its step has ended');
  });
});

describe('a device that can only be awaited', () => {
  beforeEach(() => {
    fake = new FakeDevice(false);
    stepper = new Stepper(core, fake.placement);
  });

  it('says so when it is read at once, and is fetched', async () => {
    await stepper.step(async (tape) => {
      const y = scale(tape, x, 2);
      expect(() => y.toArray()).toThrow('tensor [2, 2]: expected values in the core, got values on fake, which can only be awaited here; await tensor.fetch() first');
      expect(() => matmul(tape, y, y)).toThrow('await tensor.fetch() first');
      expect(Array.from((await y.fetch()).toArray())).toEqual([2, -4, 6, -8]);
      expect(moves()).toEqual({ up: 1, down: 1 });
    });
  });

  it('holds its step open until the body settles, also by an error', async () => {
    const running = stepper.step(async (tape) => (await scale(tape, x, 3).fetch()).item());
    expect(() => stepper.step(() => 0)).toThrow('got a step inside a step');
    await expect(running).rejects.toThrow('item: expected a tensor of one value');
    expect(stepper.step(() => 1)).toBe(1);
  });
});

describe('gradients', () => {
  it('are made, added and passed where the work is', () => {
    x.requiresGrad = true;
    stepper.step((tape) => {
      // d/dx of relu(x) + relu(x) + 3x, reshaped
      const y = relu(tape, x);
      const sum = reshape(tape, add(tape, add(tape, y, y), scale(tape, x, 3)), [4]);
      tape.backward(sum);
      expect(x.grad!.maker).toBe(fake.device);
      expect(fake.downloads).toBe(0);
      expect(Array.from(x.grad!.toArray())).toEqual([5, 3, 5, 3]);
    });
  });

  it('draw Adam, the parameter and its moments to their side, where they stay', async () => {
    x.requiresGrad = true;
    const adam = new Adam([x], { lr: 1 });
    const step = () =>
      stepper.step((tape) => {
        tape.backward(scale(tape, x, 2));
        adam.step();
      });
    step();
    const after = moves();
    const live = fake.live;
    for (let i = 0; i < 3; i++) step();
    expect(fake.adamSteps).toBe(4);
    // The upstream gradient of each step is all that goes there.
    expect(moves()).toEqual({ up: after.up + 3, down: 0 });
    expect(fake.live).toBe(live);
    expect([x, ...adam.state().tensors].map(({ maker }) => maker)).toEqual([fake.device, fake.device, fake.device]);
    expect(Array.from((await x.fetch()).toArray())).toEqual([-7, -10, -5, -12]);
    adam.dispose();
  });

  it('leave Adam in the core where they are there', () => {
    x.requiresGrad = true;
    const adam = new Adam([x]);
    stepper.step((tape) => {
      tape.backward(mul(tape, x, tape.from([1, 2, 3, 4], [2, 2])));
      adam.step();
    });
    expect(fake.adamSteps).toBe(0);
    expect(x.isOnCore).toBe(true);
    adam.dispose();
  });
});

it('without a placement nothing moves', () => {
  const plain = new Stepper(core);
  plain.step((tape) => relu(tape, scale(tape, x, 2)).toArray());
  plain.dispose();
  expect(moves()).toEqual({ up: 0, down: 0 });
});
