// A sweep's figures and page: what they show is what the rows say.
import { describe, expect, it } from 'vitest';
import { bootstrapMean } from '../../src/figures/index.js';
import { drawSweepFigures, reportPage, type ReportFacts } from '../../src/report/index.js';
import { expandSweep, readSweepSpecification, SHIPPED_SWEEPS, shippedSweep, type SweepSpecification, type TableRow } from '../../src/sweep/index.js';
import { elementsNamed, parseXml, plots, strokes, words } from '../figures/xml.js';

/** A row for every run: an accuracy that follows from place and seed. */
function rowsOf(spec: SweepSpecification): TableRow[] {
  return expandSweep(spec).map(({ condition, point, config }, index) => ({
    condition, ...(point as Record<string, number>), seed: config.seed, num_classes: config.class_count ?? (config.dataset === 'emnist' ? 47 : 10),
    student_final_acc: ((index * 7919) % 1000) / 1000, teacher_final_acc: 0.9,
  }));
}

const SPEC = readSweepSpecification({
  name: 'small', title: 'A <small> & simple sweep', axes: [{ name: 'm', values: [10, 1, 100] }], conditions: [{ name: 'a', title: 'first' }, { name: 'b', title: 'second' }], seeds: [0, 1, 2],
  figures: [{ name: 'accuracy', title: 'Accuracy', axis: 'm', x_label: 'm', x_scale: 'log', measures: ['student_final_acc'], chance: true }],
}, 'spec');

const FACTS: ReportFacts = {
  recorded: 18, expected: 20, seeds: [0, 1, 2], profile: 'strict', wasmHash: 'ab'.repeat(32), data: [{ name: 'mnist', sha256: 'cd'.repeat(32) }], tableDigest: 'ef'.repeat(32), seconds: 7200,
  programs: ['isolab 0'], engines: ['node 20'],
};

describe('a figure of lines', () => {
  const rows = rowsOf(SPEC);
  const [figure] = drawSweepFigures(SPEC, rows);

  it('says mean and interval of each point, over its seeds, in order of the axis', () => {
    expect(figure!.numbers.columns).toEqual(['m', 'first', 'second', 'seeds']);
    expect(figure!.numbers.rows.map(([at]) => at)).toEqual(['1', '10', '100']);
    const { mean, low, high } = bootstrapMean(rows.filter(({ condition, m }) => condition === 'b' && m === 100).map((row) => row.student_final_acc as number));
    expect(figure!.numbers.rows[2]).toEqual(['100', expect.any(String), `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`, '3']);
  });

  it('draws a line and a band for each condition, logarithmic across, with chance', () => {
    const root = parseXml(figure!.svg);
    expect(words(root)).toEqual(expect.arrayContaining(['first', 'second', 'chance', 'm']));
    const [plot] = plots(root);
    const paths = elementsNamed(plot!, 'path').filter(({ attributes }) => attributes.stroke === '#0072b2' && attributes.d!.includes('L'));
    expect(paths).toHaveLength(1);
    const [[one, ten, hundred]] = strokes(paths[0]!.attributes.d!) as [[[number, number], [number, number], [number, number]]];
    expect(ten[0] - one[0]).toBeCloseTo(hundred[0] - ten[0], 1);
    expect(elementsNamed(plot!, 'path').filter(({ attributes }) => attributes['fill-opacity'] !== undefined)).toHaveLength(2);
  });

  it('has no band for one seed, and says so', () => {
    const [alone] = drawSweepFigures(SPEC, rows.filter(({ seed }) => seed === 0));
    expect(alone!.numbers.rows[0]![1]).toMatch(/^0\.\d{4} \(1 seed\)$/);
    expect(elementsNamed(plots(parseXml(alone!.svg))[0]!, 'path').filter(({ attributes }) => attributes['fill-opacity'] !== undefined)).toEqual([]);
  });

  it('leaves out conditions that have no run, and figures without any', () => {
    expect(drawSweepFigures(SPEC, rows.filter(({ condition }) => condition === 'a'))[0]!.numbers.columns).toEqual(['m', 'first', 'seeds']);
    expect(drawSweepFigures(SPEC, [])).toEqual([]);
  });
});

describe('the shipped sweeps', () => {
  it.each(SHIPPED_SWEEPS)('%s: every figure is drawn from its rows', (name) => {
    const spec = { ...shippedSweep(name)!, seeds: [0, 1] };
    const figures = drawSweepFigures(spec, rowsOf(spec));
    expect(figures.map((figure) => figure.name)).toEqual(spec.figures.map((figure) => figure.name));
    for (const { svg, numbers } of figures) {
      parseXml(svg);
      expect(numbers.rows.length).toBeGreaterThan(0);
      for (const row of numbers.rows) expect(row).toHaveLength(numbers.columns.length);
    }
  });

  it('draws chance as a curve where the number of classes is the axis', () => {
    const spec = { ...shippedSweep('figure3')!, seeds: [0] };
    const root = parseXml(drawSweepFigures(spec, rowsOf(spec))[0]!.svg);
    const curve = elementsNamed(plots(root)[0]!, 'path').find(({ attributes }) => attributes.stroke === '#000000')!;
    const [points] = strokes(curve.attributes.d!);
    expect(points).toHaveLength(46);
    expect(points![0]![1]).toBeLessThan(points!.at(-1)![1]);
  });
});

describe('the page', () => {
  const page = reportPage(SPEC, drawSweepFigures(SPEC, rowsOf(SPEC)), FACTS);

  it('holds figures, tables, configuration, digests and time', () => {
    for (const text of ['<svg', '18 of 20; the others are not computed yet', 'ab'.repeat(32), 'cd'.repeat(32), 'ef'.repeat(32), '2 h of one thread in all', '&quot;m&quot;']) expect(page).toContain(text);
    expect(page).toContain('A &lt;small&gt; &amp; simple sweep');
  });

  it('asks for nothing: no address but the namespace, no script, no link', () => {
    expect(page.match(/https?:[^"' ]*/g)!.every((address) => address === 'http://www.w3.org/2000/svg')).toBe(true);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=/);
  });
});
