// Round numbers and paths beside d3's, which they must be told from by their size alone.
import { scaleLinear, scaleLog } from 'd3-scale';
import { area, line } from 'd3-shape';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandPath, linePath, type Pixel } from '../../src/figures/paths.js';
import { decimalsBetween, fixedText, roundEnds, roundNumbers, roundPowers } from '../../src/figures/scale.js';

const size = fc.tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -12, max: 12 }), fc.boolean())
  .map(([mantissa, exponent, isNegative]) => (isNegative ? -1 : 1) * Number(`${mantissa}e${exponent}`));
const ends = fc.tuple(size, size).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a])).filter(([a, b]) => b - a > 1e-9 * Math.max(Math.abs(a), Math.abs(b)));
const count = fc.integer({ min: 2, max: 12 });
const many = { numRuns: 2000 };

describe('round numbers', () => {
  it('are those of d3, and so are the ends moved out to them', () => {
    fc.assert(fc.property(ends, count, ([lower, upper], most) => {
      expect(roundNumbers(lower, upper, most)).toEqual(scaleLinear().domain([lower, upper]).ticks(most));
      expect(roundEnds([lower, upper], most)).toEqual(scaleLinear().domain([lower, upper]).nice(most).domain());
    }), many);
  });

  it('are powers of ten on a logarithmic axis', () => {
    fc.assert(fc.property(ends.map(([a, b]) => [Math.abs(a), Math.abs(b)].sort((x, y) => x - y) as [number, number]), (positive) => {
      expect(roundPowers(positive)).toEqual(scaleLog().domain(positive).nice().domain());
    }), many);
  });

  it('are written as d3 writes them', () => {
    fc.assert(fc.property(ends, count, (given, most) => {
      const [lower, upper] = roundEnds(given, most);
      const format = scaleLinear().domain([lower, upper]).tickFormat(most);
      const decimals = decimalsBetween(lower, upper, most);
      for (const tick of roundNumbers(lower, upper, most)) expect(fixedText(tick, decimals)).toBe(format(tick));
    }), many);
  });

  it('are written with thousands parted, a true minus sign, and no minus before zero', () => {
    expect([fixedText(-1234567.5, 1), fixedText(-0.0001, 2), fixedText(0, 0), fixedText(999, 0), fixedText(1000, 2)]).toEqual(['−1,234,567.5', '0.00', '0', '999', '1,000.00']);
    expect([decimalsBetween(0.5, 0.5, 3), decimalsBetween(2, 2, 3)]).toEqual([1, 0]);
  });
});

describe('paths', () => {
  const value = fc.oneof({ weight: 4, arbitrary: fc.double({ min: -30_000, max: 30_000, noNaN: true }) }, { weight: 1, arbitrary: fc.constant(NaN) });
  const pixels = fc.array(fc.record({ x: fc.double({ min: -30_000, max: 30_000, noNaN: true }), y: value, low: value, high: value }), { maxLength: 30 });
  const bounded = (number: number) => Math.min(10_000, Math.max(-10_000, number));

  it('are those of d3, broken where a value is missing', () => {
    fc.assert(fc.property(pixels, (points: readonly Pixel[]) => {
      const drawLine = line<Pixel>(({ x }) => bounded(x), ({ y }) => bounded(y)).defined(({ y }) => !Number.isNaN(y)).digits(2);
      expect(linePath(points, 1000)).toBe(drawLine(points) ?? '');
      const drawArea = area<Pixel>(({ x }) => bounded(x), ({ low }) => bounded(low), ({ high }) => bounded(high));
      expect(bandPath(points, 1000)).toBe(drawArea.defined(({ low, high }) => !Number.isNaN(low) && !Number.isNaN(high)).digits(2)(points) ?? '');
    }), many);
  });
});
