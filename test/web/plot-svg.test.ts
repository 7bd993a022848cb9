// The page's plots as text: well-formed whatever is in them, with the series, marks and axes that a panel asks for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Panel } from '../../src/web/plots.js';
import { columnsOf, drawPlot, type Column } from '../../src/web/page/plot-svg.js';
import { parseXml } from '../figures/xml.js';

const panel: Panel = { id: 'loss', kind: 'curves', title: 'Losses', description: 'Losses.', x: 'step', y: 'loss' };
const curve = (name: string, x: number[], y: number[]) => ({ name, curve: { x, y } });
const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, text]) => text!.replace(/<[^>]*>/g, '^'));
const circles = (svg: string) => svg.match(/<circle/g)?.length ?? 0;

describe('series of a panel', () => {
  it('are sorted, each x once with its last y', () => {
    expect(columnsOf(panel, [curve('a', [3, 1, 3], [1, 2, 5])], undefined)).toEqual([{ name: 'a', x: [1, 3], y: [2, 5], kind: 'line' }]);
  });
  it('are marked where the panel says so and they are few, or where a point stands alone', () => {
    const many = Array.from({ length: 60 }, (_, at) => at);
    const kinds = columnsOf({ ...panel, marked: true }, [curve('few', [1, 2], [1, 2]), curve('many', many, many)], undefined).map(({ kind }) => kind);
    expect(kinds).toEqual(['marked', 'line']);
    expect(columnsOf(panel, [curve('alone', [1], [2])], undefined)[0]!.kind).toBe('marked');
  });
  it('of a plane are its groups, of a histogram its bars at the bins’ middles and the density', () => {
    expect(columnsOf(panel, [], { kind: 'plane', note: '', groups: [{ name: 'honest', points: [[1, 2], [1, 3]] }] })).toEqual([{ name: 'honest', x: [1, 1], y: [2, 3], kind: 'dots' }]);
    const [bars, density] = columnsOf(panel, [], { kind: 'histogram', note: '', from: 0, width: 2, bars: [1, 3], density: [1.5, 2.5] });
    expect([bars, density]).toEqual([{ name: 'Monte Carlo', x: [1, 3], y: [1, 3], kind: 'bars' }, { name: 'moment propagation', x: [1, 3], y: [1.5, 2.5], kind: 'line' }]);
  });
});

describe('a plot', () => {
  const value = fc.oneof({ weight: 5, arbitrary: fc.double({ min: -1e30, max: 1e30 }) }, { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0) });
  const column = fc.tuple(fc.string(), fc.array(fc.tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), value), { maxLength: 20 }), fc.constantFrom<Column['kind']>('line', 'marked', 'dots', 'bars'))
    .map(([name, points, kind]): Column => ({ name, x: points.map(([x]) => x).sort((a, b) => a - b), y: points.map(([, y]) => y), kind }));
  const panels = fc.record({ kind: fc.constantFrom<Panel['kind']>('curves', 'plane', 'histogram'), whole: fc.boolean(), logarithmic: fc.boolean(), x: fc.string(), y: fc.string() });

  it('is well-formed, without a number that is none, whatever is in it', () => {
    fc.assert(fc.property(panels, fc.array(column, { maxLength: 10 }), fc.integer({ min: 240, max: 1400 }), (given, all, width) => {
      const columns = all.filter(({ kind }) => kind !== 'bars' || given.kind === 'histogram');
      const svg = drawPlot({ ...panel, ...given }, columns, width, 240);
      if (columns.every(({ x }) => x.length === 0)) expect(svg).toBe('');
      else parseXml(svg);
      expect(svg.replace(/>[^<]*</g, '><')).not.toMatch(/NaN|Infinity|undefined/);
    }), { numRuns: 300 });
  });

  it('has whole numbers only along an axis of steps', () => {
    for (const x of [[1, 2], [1, 2, 3], [0, 7], [5]]) {
      const svg = drawPlot({ ...panel, whole: true, x: 'epoch', y: '' }, [{ name: 'a', x, y: x.map(() => 2), kind: 'line' }], 600, 240);
      const across = labels(svg.replace(/<text[^>]*text-anchor="end"[^>]*>.*?<\/text>/g, '')).filter((text) => text !== 'epoch');
      expect(across.length).toBeGreaterThan(0);
      for (const text of across) expect(text).toMatch(/^−?\d+$/);
    }
  });

  it('leaves out what a logarithmic axis has no place for, and is linear where nothing is positive', () => {
    const marked = (y: number[]): Column[] => [{ name: 'a', x: y.map((_, at) => at), y, kind: 'marked' }];
    expect(circles(drawPlot({ ...panel, logarithmic: true }, marked([0, 10, 1000]), 400, 240))).toBe(2);
    expect(circles(drawPlot({ ...panel, logarithmic: true }, marked([0, -1, -2]), 400, 240))).toBe(3);
  });

  it('gives series the style sheet’s classes, of nine the first again', () => {
    const svg = drawPlot(panel, Array.from({ length: 9 }, (_, at): Column => ({ name: String(at), x: [0, 1], y: [at, at], kind: 'line' })), 400, 240);
    expect([...svg.matchAll(/class="series-(\d)"/g)].map(([, place]) => place)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '1']);
  });

  it('has bars from nought upwards, and room about the points of a plane', () => {
    const bars = drawPlot({ ...panel, kind: 'histogram' }, [{ name: 'bars', x: [1, 2, 3], y: [5, 6, 7], kind: 'bars' }], 400, 180);
    expect(labels(bars)).toContain('0');
    const plane = drawPlot({ ...panel, kind: 'plane' }, [{ name: 'honest', x: [0, 100], y: [0, 100], kind: 'dots' }], 400, 240);
    const [, right] = [...plane.matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    const grid = Math.max(...[...plane.matchAll(/h([\d.]+)/g)].map(([, x]) => Number(x)));
    expect(right).toBeLessThan(0.95 * grid);
  });
});
