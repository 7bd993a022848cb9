// Every op that a device makes, forward and back, against the core.
import { beforeAll, describe, expect, it } from 'vitest';
import { everythingOn, type TfjsDevice } from '../../src/backend/index.js';
import { openCore, type Core } from '../../src/core/index.js';
import { Tensor } from '../../src/tensor/index.js';
import { cases, evaluate, relativeError } from './agreement-cases.js';
import { openTested, testable } from './backends.js';

describe.each(testable)('%s agrees with the core', (name) => {
  let core: Core;
  let device: TfjsDevice;
  let worst = 0;
  beforeAll(async () => {
    core = await openCore();
    device = await openTested(name);
  });

  it.each(cases)('%s', async (what, op, ...shapes) => {
    const before = device.liveTensors;
    const made = await evaluate(core, op, shapes, everythingOn(device));
    const expected = await evaluate(core, op, shapes);
    for (const [index, outcome] of expected.entries()) {
      expect(made[index]!.values.length).toBe(outcome.values.length);
      const error = relativeError(outcome.values, made[index]!.values);
      worst = Math.max(worst, error);
      if (process.env.SHOW_ERRORS !== undefined) console.log(`${name} | ${what} | ${outcome.name} | ${error.toExponential(1)}`);
      expect(error, outcome.name).toBeLessThan(1e-4);
    }
    expect(device.liveTensors, 'tensors left on the device').toBe(before);
  });

  it('keeps what was sent to it when the core\'s memory grows', async () => {
    const x = Tensor.from(core, [1, 2, 3], [3]);
    const operand = x.on(device);
    core.memory.free(core.memory.allocate(core.memory.byteLength, 'to make it grow'));
    const handle = device.scale(operand, 2);
    expect(Array.from(await device.read(handle))).toEqual([2, 4, 6]);
    device.dispose(handle);
    x.dispose();
  });

  it('computes, and does not copy', () => {
    // Bits that all agreed would mean that the core had done it.
    expect(worst).toBeGreaterThan(0);
  });
});
