// What auto decides by given costs, and how costs are kept.
import { beforeAll, describe, expect, it } from 'vitest';
import { byCosts, calibrationPath, readCalibration, writeCalibration, type CalibrationKey, type Costs, type Family, type SidedCosts } from '../../src/backend/index.js';
import { openCore, type Core } from '../../src/core/index.js';
import { Stepper, Tensor, scale, type DeviceOp } from '../../src/tensor/index.js';
import { MemoryFiles } from '../outputs/memory-files.js';
import { FakeDevice } from './fake-device.js';

const line = (overhead: number, perUnit: number) => ({ overhead, perUnit });
const FREE = line(0, 0);
const FAMILIES: Family[] = ['product', 'product gradient', 'sparse product', 'sparse product gradient', 'convolution', 'convolution gradient', 'elementwise'];

function costs(changes: Partial<Record<Family, SidedCosts>> & { upload?: Costs['upload']; download?: Costs['download'] } = {}): Costs {
  const { upload = FREE, download = FREE, ...families } = changes;
  const even = Object.fromEntries(FAMILIES.map((family) => [family, { core: line(0, 1), device: line(0, 1) }])) as Costs['families'];
  return { families: { ...even, ...families }, upload, download };
}

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

/** Whether the device gets an op on one fresh tensor of the core. */
function prefers(given: Costs, op: DeviceOp, work: number, { size = 100, outputBytes = 400 } = {}): boolean {
  const fake = new FakeDevice();
  const x = Tensor.zeros(core, [size]);
  const preferred = byCosts(fake.device, given).prefersDevice({ op, work, operands: [x], outputBytes });
  x.dispose();
  return preferred;
}

describe('auto', () => {
  it('takes the cheaper side, by work', () => {
    const given = costs({ product: { core: line(0, 1), device: line(50, 0.5) } });
    expect([10, 90, 120, 1000].map((work) => prefers(given, 'linear', work))).toEqual([false, false, true, true]);
  });

  it('takes the device only when it is clearly cheaper', () => {
    expect(prefers(costs({ product: { core: line(0, 1), device: line(0, 0.98) } }), 'linear', 100)).toBe(false);
    expect(prefers(costs({ product: { core: line(0, 1), device: line(0, 0.96) } }), 'linear', 100)).toBe(true);
  });

  it('counts what must move there, and the way back', () => {
    const fast = { product: { core: line(0, 1), device: line(0, 0.1) } };
    expect(prefers(costs(fast), 'linear', 100)).toBe(true);
    expect(prefers(costs({ ...fast, upload: line(0, 0.3) }), 'linear', 100)).toBe(false);
    expect(prefers(costs({ ...fast, download: line(100, 0) }), 'linear', 100)).toBe(false);
    expect(prefers(costs({ ...fast, download: line(0, 1) }), 'linear', 100, { outputBytes: 4 })).toBe(true);
  });

  it('knows kinds of ops apart', () => {
    const given = costs({ 'sparse product': { core: line(0, 0.1), device: line(0, 0.5) }, product: { core: line(0, 1), device: line(0, 0.5) } });
    expect(prefers(given, 'linear', 100)).toBe(true);
    expect(prefers(given, 'sparse linear', 100)).toBe(false);
    expect(prefers(costs({ elementwise: { core: line(0, 1), device: line(0, 0.5) } }), 'loss', 100)).toBe(true);
  });

  it('charges nothing for operands that are there, and goes on where the values are', () => {
    const fake = new FakeDevice();
    const x = Tensor.from(core, [1, 2, 3], [3]);
    const placement = byCosts(fake.device, costs({ upload: line(0, 1), download: line(10, 0), elementwise: { core: line(0, 1), device: line(0, 0.5) } }));
    const all = new Stepper(core, fake.placement);
    all.step((tape) => {
      const there = scale(tape, x, 2);
      // On the core 3 + 10 to fetch it; on the device 1.5 + 10 to bring the result back.
      expect(placement.prefersDevice({ op: 'scale', work: 3, operands: [there], outputBytes: 12 })).toBe(true);
      there.toArray();
      expect(placement.prefersDevice({ op: 'scale', work: 3, operands: [there], outputBytes: 12 })).toBe(false);
    });
    all.dispose();
    x.dispose();
  });

  it('follows values that cannot be read at once, whatever it costs', () => {
    const fake = new FakeDevice(false);
    const x = Tensor.from(core, [1, 2, 3], [3]);
    const slow = byCosts(fake.device, costs({ elementwise: { core: line(0, 1), device: line(1e9, 1) } }));
    const all = new Stepper(core, fake.placement);
    all.step((tape) => {
      const there = scale(tape, x, 2);
      expect(slow.prefersDevice({ op: 'scale', work: 3, operands: [there], outputBytes: 12 })).toBe(true);
      expect(slow.prefersDevice({ op: 'scale', work: 3, operands: [x], outputBytes: 12 })).toBe(false);
    });
    all.dispose();
    x.dispose();
  });
});

const key: CalibrationKey = {
  backend: 'tfjs-wasm', backendVersion: '4.22.0', hardware: '', wasmHash: 'abc', profile: 'strict', threads: 1, engine: 'node 20.20.2', cpu: 'a processor',
};

describe('a kept calibration', () => {
  const given = costs({ upload: line(0.25, 1e-7) });

  it('is read back', async () => {
    const files = new MemoryFiles();
    const path = await writeCalibration(files, 'cache', key, given);
    expect(path).toMatch(/^cache\/calibrations\/tfjs-wasm-[0-9a-f]{12}\.json$/);
    expect(await readCalibration(files, 'cache', key)).toEqual(given);
  });

  it.each(Object.keys(key) as (keyof CalibrationKey)[])('is not taken for one of another %s', async (name) => {
    const files = new MemoryFiles();
    await writeCalibration(files, 'cache', key, given);
    const other = { ...key, [name]: name === 'threads' ? 2 : 'another' };
    expect(await readCalibration(files, 'cache', other)).toBeUndefined();
  });

  it.each(['', '{', '{"format":"isolab-calibration-1"}', '{"format":"isolab-calibration-1","costs":{"upload":1}}', '{"format":"other"}'])('that is damaged counts as none: %s', async (text) => {
    const files = new MemoryFiles();
    await files.writeWhole(await calibrationPath('cache', key), new TextEncoder().encode(text));
    expect(await readCalibration(files, 'cache', key)).toBeUndefined();
  });
});
