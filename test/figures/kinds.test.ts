// Heat maps, histograms and scatter panels, and the colours of all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binValues, chooseBinCount, drawFigure, heatMap, histogramFigure, linePanel, scatterFigure, scatterPanel, type HeatMapSpec } from '../../src/figures/index.js';
import { SERIES_COLORS, sequentialColor, textColorOn } from '../../src/figures/palette.js';
import { fitText, textWidth, wrapText } from '../../src/figures/text.js';
import { elementsNamed, parseXml, plots, words, type XmlElement } from './xml.js';

const TEXT = { title: 'Figure', description: 'What is drawn.' };
const AXES = { title: 'Panel', x: { label: 'x' }, y: { label: 'y' } };

function luminance(color: string): number {
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

describe('colours', () => {
  it('of series differ, and show on white', () => {
    expect(new Set(SERIES_COLORS).size).toBe(SERIES_COLORS.length);
    // 2 to 1 is what the palest of Okabe and Ito's colours but yellow reaches on white.
    for (const color of SERIES_COLORS) expect(contrast(color, '#ffffff')).toBeGreaterThan(2);
  });

  it('of heat maps grow lighter all the way, so that they survive grey print', () => {
    const shades = Array.from({ length: 101 }, (_, i) => luminance(sequentialColor(i / 100)));
    for (let i = 1; i <= 100; i++) expect(shades[i]).toBeGreaterThan(shades[i - 1]!);
    expect([sequentialColor(0), sequentialColor(1), sequentialColor(-3), sequentialColor(7)]).toEqual(['#440154', '#fde725', '#440154', '#fde725']);
  });

  it('of text in cells can be read on every ground', () => {
    // 4.5 to 1 is WCAG's level AA.
    for (let i = 0; i <= 100; i++) expect(contrast(textColorOn(i / 100), sequentialColor(i / 100))).toBeGreaterThan(4.5);
  });
});

describe('text', () => {
  it('is cut or broken to its width, and loses no word that fits', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 20, max: 300 }), (text, width) => {
      const cut = fitText(text, width);
      expect(cut === text || (cut.endsWith('…') && textWidth(cut) <= width)).toBe(true);
      for (const part of wrapText(text, width)) expect(textWidth(part)).toBeLessThanOrEqual(width);
    }));
    expect(wrapText('one two three', textWidth('one two'))).toEqual(['one two', 'three']);
  });
});

describe('a heat map', () => {
  const spec: HeatMapSpec = { ...TEXT, rows: ['mean', 'Krum'], columns: ['none', 'sign flip', 'noise'], values: [[0, 0.5, 1], [0.25, NaN, -0.001]], valueLabel: 'Accuracy', domain: [0, 1] };
  const cells = (root: XmlElement) => elementsNamed(root, 'rect').filter(({ attributes }) => attributes.stroke === '#ffffff');

  it('colours each cell by its value and prints it', () => {
    const root = parseXml(heatMap(spec));
    expect(cells(root).map(({ attributes }) => attributes.fill)).toEqual([sequentialColor(0), sequentialColor(0.5), sequentialColor(1), sequentialColor(0.25), '#f4f4f4', sequentialColor(0)]);
    expect(words(root)).toEqual(['0.00', '0.50', '1.00', '0.25', '0.00', 'mean', 'Krum', 'none', 'sign flip', 'noise', expect.anything(), expect.anything(), expect.anything(), 'Accuracy'].flatMap((word) => word));
  });

  it('hatches a missing cell', () => {
    const hatched = (values: number[][]) => elementsNamed(parseXml(heatMap({ ...spec, values })), 'path').filter(({ attributes }) => attributes.stroke === '#b0b0b0').length;
    expect([hatched([[1, 2, 3], [4, 5, 6]]), hatched([[1, NaN, 3], [4, 5, Infinity]])]).toEqual([0, 2]);
  });

  it('has a colour bar over the range of its values', () => {
    const root = parseXml(heatMap({ ...spec, domain: undefined, values: [[10, 20, 30], [40, 50, 60]] }));
    expect(cells(root)[0]!.attributes.fill).toBe('#440154');
    expect(cells(root).at(-1)!.attributes.fill).toBe('#fde725');
    expect(words(root)).toEqual(expect.arrayContaining(['20', '40', '60']));
    expect(elementsNamed(root, 'rect').length).toBe(1 + 6 + 64);
  });

  it('is well-formed for any values', () => {
    const row = fc.array(fc.double(), { minLength: 3, maxLength: 3 });
    fc.assert(fc.property(row, row, fc.string({ unit: 'binary' }), (first, second, name) => {
      const svg = heatMap({ ...spec, domain: undefined, rows: [name, 'b'], values: [first, second] });
      expect(elementsNamed(parseXml(svg), 'text').map(({ attributes }) => attributes.x ?? attributes.transform).join()).not.toMatch(/NaN|Infinity/);
    }));
  });

  it.each<[Partial<HeatMapSpec>, string]>([
    [{ values: [[1, 2, 3]] }, 'expected 2 rows of values, got 1'], [{ values: [[1, 2, 3], [1]] }, 'expected 3 values in row "Krum", got 1'],
    [{ columns: [], values: [[], []] }, 'at least one row and one column, got 2 x 0'], [{ digits: -1 }, 'digits'], [{ domain: [1, 0] }, 'domain of axis "Accuracy"'],
  ])('refuses %j', (wrong, message) => {
    expect(() => heatMap({ ...spec, ...wrong })).toThrow(message);
  });
});

describe('a histogram', () => {
  it('counts every value once, in its bin', () => {
    expect(binValues([0, 0.9, 1, 1.5, 3.999, 4, NaN], 4, [0, 4]).map(({ density }) => density * 6)).toEqual([2, 2, 0, 2]);
    fc.assert(fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 }), fc.integer({ min: 1, max: 50 }), (values, count) => {
      const bins = binValues(values, count, [Math.min(...values), Math.max(...values)]);
      // Areas are quotients of counts: they add up to 1 but for rounding.
      expect(bins.reduce((sum, { from, to, density }) => sum + density * (to - from), 0)).toBeCloseTo(1, 9);
    }));
  });

  it('chooses bins by Freedman and Diaconis', () => {
    // 1,000 values evenly over [0, 1): quartiles 0.5 apart, so bins of 0.1.
    expect(chooseBinCount(Array.from({ length: 1000 }, (_, i) => i / 1000))).toBe(10);
    expect(chooseBinCount([])).toBe(1);
    expect(chooseBinCount([1, 1, 1, 1, 1, 1, 1, 9])).toBe(4);
  });

  it('draws bars up to their density, and the curve over them on the same axes', () => {
    const x = { label: 'x', domain: [0, 4] as const };
    const y = { label: 'Density', domain: [0, 1] as const };
    const curves = [{ name: 'analytic', points: [{ x: 0, y: 0.5 }, { x: 4, y: 0.5 }] }];
    const root = parseXml(histogramFigure({ ...TEXT, panels: [{ title: 'H', x, y, series: [{ name: 'sample', values: [0.5, 1.5, 1.6, 3.5] }], bins: 4, curves }] }));
    const [bars, curve] = elementsNamed(plots(root)[0]!, 'path').map(({ attributes }) => attributes.d!);
    const height = Number(plots(root)[0]!.attributes.height) - 8;
    const tops = [...bars!.matchAll(/V([\d.]+)H/g)].map((found) => Number(found[1]) / height);
    expect(tops.map((top) => Number(top.toFixed(3)))).toEqual([0.75, 0.5, 0.75]);
    expect(Number(/^M0,([\d.]+)/.exec(curve!)![1]) / height).toBeCloseTo(0.5, 4);
    expect(words(root)).toEqual(expect.arrayContaining(['sample', 'analytic']));
  });

  it('refuses a logarithmic axis and bins that are none', () => {
    const panel = { ...AXES, series: [{ name: 'a', values: [1, 2] }] };
    expect(() => histogramFigure({ ...TEXT, panels: [{ ...panel, x: { label: '', scale: 'log' } }] })).toThrow('linear axes');
    expect(() => histogramFigure({ ...TEXT, panels: [{ ...panel, bins: 0 }] })).toThrow('bins to be a whole number from 1 to 10000, got 0');
  });

  it('is well-formed for any values', () => {
    fc.assert(fc.property(fc.array(fc.double()), fc.array(fc.double()), (a, b) => {
      const svg = histogramFigure({ ...TEXT, panels: [{ ...AXES, series: [{ name: 'a', values: a }, { name: 'b', values: b }], curves: [{ name: 'c', points: a.map((x) => ({ x, y: x })) }] }] });
      for (const { attributes } of elementsNamed(parseXml(svg), 'path')) expect(attributes.d).not.toMatch(/NaN|Infinity/);
    }));
  });
});

describe('a scatter panel', () => {
  const corners = [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 1, y: NaN }, { x: 1, y: 1 }];
  const axes = { title: '', x: { label: 'x', domain: [0, 1] as const }, y: { label: 'y', domain: [0, 1] as const } };

  it('draws each point once, in its place, and none that is missing', () => {
    const root = parseXml(scatterFigure({ ...TEXT, panels: [{ ...axes, series: [{ name: 'a', points: corners }] }] }));
    const plot = plots(root)[0]!;
    const centres = [...elementsNamed(plot, 'path')[0]!.attributes.d!.matchAll(/M([\d.]+),([\d.]+)/g)].map((found) => [Number(found[1]), Number(found[2])]);
    const [width, height] = [Number(plot.attributes.width) - 8, Number(plot.attributes.height) - 8];
    expect(centres).toEqual([[0, Number(height.toFixed(2))], [Number(width.toFixed(2)), 0]]);
  });

  it('gives every series another shape, intervals whiskers and marks their names', () => {
    const series = ['a', 'b', 'c'].map((name) => ({ name, points: [{ x: 0.5, y: 0.5, low: 0.25, high: 0.75 }] }));
    const root = parseXml(scatterFigure({ ...TEXT, panels: [{ ...axes, series, marks: [{ x: 0.9, y: 0.2, name: 'geometric median' }] }] }));
    const drawn = elementsNamed(plots(root)[0]!, 'path').map(({ attributes }) => attributes.d!);
    expect(drawn).toHaveLength(3 * 2 + 2);
    expect(new Set([drawn[1], drawn[3], drawn[5]]).size).toBe(3);
    expect(words(root)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'geometric median']));
    // Near the right edge a name stands left of its mark.
    expect(elementsNamed(plots(root)[0]!, 'text')[0]!.attributes['text-anchor']).toBe('end');
  });

  it('stands beside a panel of lines', () => {
    const root = parseXml(drawFigure({ ...TEXT, panels: [scatterPanel({ ...AXES, series: [] }), linePanel({ ...AXES, series: [] })] }));
    expect(plots(root)).toHaveLength(2);
  });

  it('is well-formed for any points', () => {
    const point = fc.record({ x: fc.double(), y: fc.double(), low: fc.double(), high: fc.double() });
    fc.assert(fc.property(fc.array(point), fc.array(point), (a, b) => {
      const svg = scatterFigure({ ...TEXT, panels: [{ ...AXES, series: [{ name: 'a', points: a }], marks: b.map((one) => ({ ...one, name: 'm' })) }] });
      for (const { attributes } of elementsNamed(parseXml(svg), 'path')) expect(attributes.d).not.toMatch(/NaN|Infinity/);
    }));
  });
});
