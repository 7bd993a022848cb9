import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineFigure, type LinePanelSpec, type LineSeries, type Point } from '../../src/figures/index.js';
import { thinBand, thinLine, type Pixel } from '../../src/figures/paths.js';
import { elementsNamed, parseXml, plots, strokes, words, type XmlElement } from './xml.js';

const TEXT = { title: 'Figure', description: 'What is drawn.' };

function draw(panel: Partial<LinePanelSpec>): XmlElement {
  const x = { label: 'Step', domain: [0, 10] as const };
  return parseXml(lineFigure({ ...TEXT, panels: [{ title: '', x, y: { label: 'Loss', domain: [0, 1] }, series: [], ...panel }] }));
}

/** Width and height of the first panel's plot, without the edge that lets half a line show. */
function plotSize(root: XmlElement): [width: number, height: number] {
  const { width, height } = plots(root)[0]!.attributes;
  return [Number(width) - 8, Number(height) - 8];
}

function paths(root: XmlElement): XmlElement[] {
  return plots(root).flatMap((plot) => elementsNamed(plot, 'path'));
}

function line(points: readonly Point[], more: Partial<LineSeries> = {}): LineSeries {
  return { name: 'loss', points, ...more };
}

describe('a line', () => {
  it('goes through the places of its points', () => {
    const root = draw({ series: [line([{ x: 0, y: 0 }, { x: 5, y: 1 }, { x: 10, y: 0.25 }])] });
    const [width, height] = plotSize(root);
    const [stroke] = strokes(paths(root)[0]!.attributes.d!);
    const expected = [[0, height], [width / 2, 0], [width, 0.75 * height]];
    expect(stroke).toHaveLength(3);
    // Coordinates have two decimals.
    for (const [index, [x, y]] of expected.entries()) {
      expect(Math.abs(stroke![index]![0] - x!)).toBeLessThanOrEqual(0.005001);
      expect(Math.abs(stroke![index]![1] - y!)).toBeLessThanOrEqual(0.005001);
    }
  });

  it('breaks at a missing value, which leaves no word in the file', () => {
    const ys = [0.1, NaN, 0.3, 0.4, Infinity, 0.6];
    const root = draw({ series: [line(ys.map((y, x) => ({ x, y })))] });
    expect(strokes(paths(root)[0]!.attributes.d!).map(({ length }) => length)).toEqual([1, 2, 1]);
  });

  it('breaks at 0 and below on a logarithmic axis', () => {
    const root = draw({ y: { label: '', scale: 'log' }, series: [line([1, 0, 10, 100].map((y, x) => ({ x, y })))] });
    expect(strokes(paths(root)[0]!.attributes.d!).map(({ length }) => length)).toEqual([1, 2]);
  });

  it('has dots where they are asked for, and alone', () => {
    const points = [{ x: 1, y: 0.5 }, { x: 2, y: NaN }, { x: 3, y: 0.5 }];
    const dots = (series: LineSeries) => plots(draw({ series: [series] })).flatMap((plot) => elementsNamed(plot, 'circle')).length;
    expect([dots(line(points)), dots(line(points, { dots: true })), dots(line([{ x: 1, y: 1 }]))]).toEqual([0, 2, 1]);
  });
});

describe('a band', () => {
  it('lies between low and high', () => {
    const root = draw({ series: [line([{ x: 0, y: 0.5, low: 0.25, high: 0.75 }, { x: 10, y: 0.5, low: 0, high: 1 }])] });
    const [width, height] = plotSize(root);
    const [outline] = strokes(paths(root)[0]!.attributes.d!);
    const expected = [[0, 0.25], [width, 0], [width, 1], [0, 0.75]].map(([x, part]) => [x!, part! * height]);
    expect(outline).toHaveLength(4);
    for (const [index, [x, y]] of expected.entries()) {
      expect(Math.abs(outline![index]![0] - x!)).toBeLessThanOrEqual(0.005001);
      expect(Math.abs(outline![index]![1] - y!)).toBeLessThanOrEqual(0.005001);
    }
  });

  it('breaks where its ends are NaN, and spans points without', () => {
    const band = (between: Partial<Point>) => {
      const known = { y: 0.5, low: 0.4, high: 0.6 };
      const root = draw({ series: [line([{ x: 0, ...known }, { x: 1, ...known }, { x: 2, y: 0.5, ...between }, { x: 3, ...known }, { x: 4, ...known }])] });
      return strokes(paths(root)[0]!.attributes.d!).length;
    };
    expect([band({}), band({ low: NaN, high: NaN })]).toEqual([1, 2]);
  });

  it('is absent without intervals', () => {
    expect(paths(draw({ series: [line([{ x: 0, y: 0 }, { x: 1, y: 1 }])] }))).toHaveLength(1);
  });
});

describe('single lines and reference lines', () => {
  it('lie behind the series, paler and thinner', () => {
    const points = [{ x: 0, y: 0 }, { x: 1, y: 1 }];
    const drawn = paths(draw({ series: [line(points, { individuals: [points, points] })] }));
    const widths = drawn.map(({ attributes }) => Number(attributes['stroke-width']));
    expect(widths).toEqual([0.8, 0.8, 1.8]);
    expect(new Set(drawn.map(({ attributes }) => attributes.stroke)).size).toBe(2);
  });

  it('cross the panel at their value', () => {
    const root = draw({ references: [{ y: 0.1, name: 'chance' }, { y: NaN }] });
    const [width, height] = plotSize(root);
    const [reference, ...others] = elementsNamed(plots(root)[0]!, 'line');
    expect(others).toEqual([]);
    expect([reference!.attributes.x1, Number(reference!.attributes.x2)]).toEqual(['0', Number(width.toFixed(2))]);
    expect(Math.abs(Number(reference!.attributes.y1) - 0.9 * height)).toBeLessThanOrEqual(0.005001);
  });
});

describe('the legend', () => {
  const points = [{ x: 0, y: 0 }];
  it('is there for more than one entry', () => {
    expect(words(draw({ series: [line(points)] }))).not.toContain('loss');
    expect(words(draw({ series: [line(points), line(points, { name: 'other' })] }))).toEqual(expect.arrayContaining(['loss', 'other']));
    expect(words(draw({ series: [line(points)], references: [{ y: 0.1, name: 'chance' }, { y: 0 }] }))).toEqual(expect.arrayContaining(['loss', 'chance']));
  });

  it('has the colours of the lines, another for each and dashes once they come again', () => {
    const root = draw({ series: Array.from({ length: 9 }, (_, i) => line([{ x: 0, y: 0 }, { x: 1, y: 1 }], { name: `s${i}` })) });
    const styles = paths(root).map(({ attributes }) => `${attributes.stroke} ${attributes['stroke-dasharray']}`);
    expect(new Set(styles).size).toBe(9);
    const samples = elementsNamed(root, 'path').filter(({ attributes }) => attributes.d === 'M0,0h22').map(({ attributes }) => `${attributes.stroke} ${attributes['stroke-dasharray']}`);
    expect(samples).toEqual(styles);
  });
});

describe('the whole file', () => {
  it('tells a reader who does not see it what it shows, and has a ground of its own', () => {
    const root = parseXml(lineFigure({ title: 'A < B & "C"', description: 'It\u0007 ends.\ud800', panels: [{ title: 'P & Q', x: { label: '<x>' }, y: { label: '' }, series: [] }] }));
    expect(root.attributes).toMatchObject({ role: 'img', xmlns: 'http://www.w3.org/2000/svg', 'font-family': 'system-ui, sans-serif' });
    expect(root.children.slice(0, 2).map(({ name, text }) => [name, text])).toEqual([['title', 'A < B & "C"'], ['desc', 'It\ufffd ends.\ufffd']]);
    expect(root.children[2]).toMatchObject({ name: 'rect', attributes: { fill: '#ffffff', width: root.attributes.width, height: root.attributes.height } });
    expect(words(root)).toEqual(expect.arrayContaining(['P & Q', '<x>']));
  });

  it('is well-formed and free of NaN for any values', () => {
    const value = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }));
    const point = fc.record({ x: value, y: value, low: value, high: value }, { requiredKeys: ['x', 'y'] });
    const series = fc.record({ name: fc.string({ unit: 'binary' }), points: fc.array(point), individuals: fc.array(fc.array(point), { maxLength: 3 }), dots: fc.boolean() });
    const axis = fc.record({ label: fc.string(), scale: fc.constantFrom('linear' as const, 'log' as const) });
    fc.assert(fc.property(fc.array(series, { maxLength: 4 }), axis, axis, (all, x, y) => {
      const svg = lineFigure({ ...TEXT, panels: [{ title: 'T', x, y, series: all, references: [{ y: 0.1 }] }] });
      for (const { attributes } of elementsNamed(parseXml(svg), 'path')) expect(attributes.d).not.toMatch(/NaN|Infinity|undefined|e/);
    }));
  });

  it('stands its panels in a grid, their plots in line', () => {
    const panel = (y: string, most: number): LinePanelSpec => ({ title: 'T', x: { label: 'x' }, y: { label: y }, series: [line([{ x: 0, y: 0 }, { x: 1, y: most }])] });
    const root = parseXml(lineFigure({ ...TEXT, columns: 2, panels: [panel('', 1), panel('a', 1e5), panel('b', 12345), panel('c', 1)] }));
    expect([root.attributes.width, root.attributes.height]).toEqual(['856', '616']);
    const corners = root.children.slice(3).map((group) => group.attributes.transform);
    expect(corners).toEqual(['translate(8,8)', 'translate(428,8)', 'translate(8,308)', 'translate(428,308)']);
    const starts = root.children.slice(3).map((group) => group.children.at(-1)!.attributes.transform);
    expect(starts[2]).toBe(starts[0]);
    expect(starts[3]).toBe(starts[1]);
  });

  it.each([[{ panels: [] }, 'at least one panel'], [{ columns: 0 }, 'columns to be a whole number of at least 1, got 0'], [{ panelWidth: 20 }, 'panelWidth from 120 to 10000 pixels, got 20']])('refuses %j', (wrong, message) => {
    const panels = [{ title: '', x: { label: '' }, y: { label: '' }, series: [] }];
    expect(() => lineFigure({ ...TEXT, panels, ...wrong })).toThrow(message);
  });

  it('refuses a colour that is none', () => {
    expect(() => draw({ series: [line([], { color: -1 })] })).toThrow('a colour index from 0, got -1');
  });
});

describe('thinning', () => {
  const WIDTH = 50;
  const pixel = fc.record({ y: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constant(NaN)) });
  const dense = fc.array(pixel, { minLength: 400, maxLength: 900 }).map((all) => all.map(({ y }, i): Pixel => ({ x: (i * WIDTH) / all.length, y, low: y + 1, high: y - 1 })));

  function byColumn(points: readonly Pixel[]): Map<number, number[]> {
    const columns = new Map<number, number[]>();
    for (const { x, y } of points) if (!Number.isNaN(y)) columns.set(Math.floor(x), [...(columns.get(Math.floor(x)) ?? []), y]);
    return columns;
  }

  it("keeps every column's first, last, lowest and highest value, in order, and little else", () => {
    fc.assert(fc.property(dense, (points) => {
      const thin = thinLine(points, WIDTH);
      expect(thin.length).toBeLessThanOrEqual(6 * WIDTH);
      const [before, after] = [byColumn(points), byColumn(thin)];
      expect([...after.keys()]).toEqual([...before.keys()]);
      for (const [column, ys] of before) {
        const kept = after.get(column)!;
        expect([kept[0], kept.at(-1), Math.min(...kept), Math.max(...kept)]).toEqual([ys[0], ys.at(-1), Math.min(...ys), Math.max(...ys)]);
      }
      expect(thin.map(({ x }) => x)).toEqual(thin.map(({ x }) => x).sort((a, b) => a - b));
    }));
  });

  it('keeps a gap that reaches from one column into the next', () => {
    const points = Array.from({ length: 500 }, (_, i): Pixel => ({ x: i / 10, y: i >= 295 && i < 305 ? NaN : 1, low: NaN, high: NaN }));
    const missing = thinLine(points, WIDTH).filter(({ y }) => Number.isNaN(y));
    expect(missing.length).toBeGreaterThan(0);
    for (const { x } of missing) expect(Math.abs(x - 30)).toBeLessThanOrEqual(0.5);
  });

  it("gives a band each column's hull", () => {
    fc.assert(fc.property(dense, (points) => {
      for (const { x, low, high } of thinBand(points, WIDTH)) {
        const ys = byColumn(points).get(Math.floor(x));
        expect([low, high]).toEqual(ys === undefined ? [NaN, NaN] : [Math.max(...ys) + 1, Math.min(...ys) - 1]);
      }
    }), { numRuns: 20 });
  });

  it('leaves few points as they are', () => {
    const points = Array.from({ length: 4 * WIDTH }, (_, i): Pixel => ({ x: i / 8, y: i, low: i, high: i }));
    expect(thinLine(points, WIDTH)).toBe(points);
    expect(thinBand(points, WIDTH)).toBe(points);
  });

  it('makes a small file of 100,000 points, the single spike in it', () => {
    const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: x === 31_415 ? 1 : 0.001 * (x % 7) }));
    const svg = lineFigure({ ...TEXT, panels: [{ title: '', x: { label: '' }, y: { label: '', domain: [0, 1] }, series: [line(points)] }] });
    expect(svg.length).toBeLessThan(40_000);
    expect(strokes(paths(parseXml(svg))[0]!.attributes.d!)[0]!.filter(([, y]) => y === 0)).toHaveLength(1);
  });
});
