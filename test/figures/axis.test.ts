import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseAxis, type Axis, type AxisSpec } from '../../src/figures/axis.js';

function labels(axis: Axis): string[] {
  return axis.ticks.flatMap(({ label }) => (label === undefined ? [] : [label.exponent === undefined ? label.text : `${label.text}(${label.exponent})`]));
}

function labelled(spec: Partial<AxisSpec>, ...values: number[]): string[] {
  return labels(chooseAxis({ label: 'x', ...spec }, values, 5));
}

describe('a linear axis', () => {
  it('puts values where they belong', () => {
    const axis = chooseAxis({ label: 'x', domain: [-2, 6] }, [], 4);
    expect([-2, 0, 2, 6, 8, NaN, Infinity].map((value) => axis.share(value))).toEqual([0, 0.25, 0.5, 1, 1.25, NaN, NaN]);
    expect(axis.ticks.map(({ at }) => at)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  it('rounds its ends and formats its ticks', () => {
    expect(labelled({}, -0.9, 0.93)).toEqual(['−1.0', '−0.5', '0.0', '0.5', '1.0']);
    expect(labelled({}, 0, 58_000)).toEqual(['0', '10,000', '20,000', '30,000', '40,000', '50,000', '60,000']);
    expect(labelled({}, 0, 2e-7)).toEqual(['0', '0.5×10(−7)', '1.0×10(−7)', '1.5×10(−7)', '2.0×10(−7)']);
    expect(labelled({}, 0, 3e6)).toEqual(['0', '0.5×10(6)', '1.0×10(6)', '1.5×10(6)', '2.0×10(6)', '2.5×10(6)', '3.0×10(6)']);
  });

  it('has room around a single value, and an end of its own for none', () => {
    const axis = chooseAxis({ label: 'x' }, [5, 5], 4);
    expect(axis.share(5)).toBeCloseTo(0.5, 12);
    expect(labelled({})).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']);
  });

  it('holds every value, whatever they are', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: -1e300, max: 1e300 }), { minLength: 1 }), fc.integer({ min: 2, max: 10 }), (values, count) => {
      const axis = chooseAxis({ label: 'x' }, values, count);
      for (const { at } of axis.ticks) expect(at).toBeGreaterThanOrEqual(-1e-9);
      for (const value of values.filter((one) => !Number.isNaN(one))) {
        expect(axis.share(value)).toBeGreaterThanOrEqual(-1e-9);
        expect(axis.share(value)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(labels(axis).join('')).not.toMatch(/NaN|undefined|Infinity/);
    }));
  });
});

describe('a logarithmic axis', () => {
  it('gives every power of ten the same length, and no place to 0 and below', () => {
    const axis = chooseAxis({ label: 'x', scale: 'log' }, [0.01, 100], 5);
    const shares = [0.01, 0.1, 1, 10, 100].map((value) => axis.share(value));
    for (const [index, share] of shares.entries()) expect(share).toBeCloseTo(index / 4, 12);
    expect([0, -1, NaN].map((value) => axis.share(value))).toEqual([NaN, NaN, NaN]);
  });

  it('labels powers of ten, raised where the axis reaches far from 1', () => {
    expect(labelled({ scale: 'log' }, 0.01, 1000)).toEqual(['0.01', '0.1', '1', '10', '100', '1,000']);
    expect(labelled({ scale: 'log' }, 1e-8, 1e-4)).toEqual(['10(−8)', '10(−7)', '10(−6)', '10(−5)', '10(−4)']);
    expect(labelled({ scale: 'log' }, 1e-12, 1e3)).toEqual(['10(−12)', '10(−9)', '10(−6)', '10(−3)', '10(0)', '10(3)']);
  });

  it('labels 2 and 5 times powers of ten where those are few, and plain steps within one', () => {
    expect(labelled({ scale: 'log' }, 0.5, 3)).toEqual(['0.5', '1', '2']);
    expect(labelled({ scale: 'log' }, 3e-9, 2e-8)).toEqual(['5×10(−9)', '10(−8)', '2×10(−8)']);
    expect(labelled({ scale: 'log' }, 0.013, 0.018)).toEqual(['0.012', '0.014', '0.016', '0.018']);
  });

  it('has small ticks between', () => {
    const { ticks } = chooseAxis({ label: 'x', scale: 'log' }, [1, 1000], 5);
    expect(ticks.filter(({ label }) => label === undefined)).toHaveLength(24);
  });

  it('holds every positive value', () => {
    const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    fc.assert(fc.property(fc.array(positive, { minLength: 1 }), (values) => {
      const axis = chooseAxis({ label: 'x', scale: 'log' }, [...values, 0, -1, NaN, Number.MIN_VALUE, Number.MAX_VALUE], 5);
      for (const value of values) {
        expect(axis.share(value)).toBeGreaterThanOrEqual(-1e-9);
        expect(axis.share(value)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(labels(axis).length).toBeGreaterThanOrEqual(2);
      expect(labels(axis).join('')).not.toMatch(/NaN|undefined|Infinity/);
    }));
  });
});

it('an axis of categories has a tick in the middle of each', () => {
  const axis = chooseAxis({ label: '', categories: ['fc1', 'fc2'] }, [], 5);
  expect(axis.ticks).toEqual([{ at: 0.25, label: { text: 'fc1' } }, { at: 0.75, label: { text: 'fc2' } }]);
  expect(axis.share(1)).toBe(0.75);
});

it.each<[Partial<AxisSpec>, string]>([
  [{ domain: [1, 1] }, 'domain of axis "loss" to be two finite numbers, the lower first, got 1 to 1'],
  [{ domain: [0, NaN] }, 'got 0 to NaN'],
  [{ domain: [0, 1], scale: 'log' }, 'two positive finite numbers, the lower first, got 0 to 1'],
])('refuses %j', (spec, message) => {
  expect(() => chooseAxis({ label: 'loss', ...spec }, [], 5)).toThrow(message);
});
