// `isolab plot` on made-up run folders: what is drawn, what is refused.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elementsNamed, parseXml, plots, strokes, words, type XmlElement } from '../figures/xml.js';
import { Bench, isolab, scratchFolder } from './cli-fixture.js';

const HEADER = 'seed,step,epoch,trait_loss,distill_loss,inner_product,cosine_similarity,g_trait_norm,g_distill_norm,trait_test_acc_step,teacher_test_acc,student_test_acc,total_steps';

type Cells = Partial<Record<string, string | number>>;

/** A line as pandas writes it, from the cells that a test cares about. */
function metricsLine(seed: number, step: number, more: Cells = {}): string {
  const decay = 1 / (1 + step);
  const usual: Cells = {
    seed, step, epoch: 0, trait_loss: 2 * decay, distill_loss: 0.5 * decay, inner_product: 0.01 * (seed - 1), cosine_similarity: 0.1 * (seed - 1),
    g_trait_norm: 1, g_distill_norm: 1, trait_test_acc_step: step % 2 === 0 ? 0.1 + 0.1 * step + 0.01 * seed : '', teacher_test_acc: 0.9, student_test_acc: 0.5 + 0.01 * seed, total_steps: 5,
  };
  return HEADER.split(',').map((column) => more[column] ?? usual[column]).join(',');
}

function metricsText(seed: number, steps: number, more: (step: number) => Cells = () => ({})): string {
  return `${HEADER}\n${Array.from({ length: steps }, (_, step) => `${metricsLine(seed, step, more(step))}\n`).join('')}`;
}

/** A run folder whose files hold these texts. */
function runFolder(texts: Record<string, string>): string {
  const folder = join(scratchFolder(), 'run');
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function alignmentRun(...seeds: string[]): string {
  return runFolder(Object.fromEntries(seeds.map((text, seed) => [`seed_0${seed}/metrics.csv`, text])));
}

function drawn(folder: string, name: string): XmlElement {
  return parseXml(readFileSync(join(folder, 'figures', name), 'utf8'));
}

/** Of each panel: points of each line of the series, which is the last of its paths. */
function seriesLines(root: XmlElement): number[][] {
  return plots(root).map((plot) => strokes(elementsNamed(plot, 'path').at(-1)!.attributes.d!).map(({ length }) => length));
}

describe('isolab plot of an alignment run', () => {
  it('draws losses, cosine, accuracy and summary, and prints their paths', async () => {
    const folder = alignmentRun(metricsText(0, 5), metricsText(1, 5), metricsText(2, 5));
    const { code, stdout, stderr } = await isolab('plot', folder);
    expect([code, stderr]).toEqual([0, '']);
    const names = ['losses.svg', 'cosine.svg', 'accuracy.svg', 'summary.svg'];
    expect(stdout).toBe(names.map((name) => `${folder}/figures/${name}\n`).join(''));
    expect(readdirSync(join(folder, 'figures'))).toEqual([...names].sort());
    for (const name of names) expect(drawn(folder, name).name).toBe('svg');
    expect(plots(drawn(folder, 'losses.svg'))).toHaveLength(2);
    expect(words(drawn(folder, 'losses.svg'))).toEqual(expect.arrayContaining(['Trait loss', 'Distillation loss', 'Step', 'mean of 3 seeds, 95% band', 'single seeds']));
    expect(words(drawn(folder, 'accuracy.svg'))).toEqual(expect.arrayContaining(['chance', 'teacher, mean']));
  });

  it('gives the same bytes again, and elsewhere with --out', async () => {
    const folder = alignmentRun(metricsText(0, 5), metricsText(1, 5));
    await isolab('plot', folder);
    const out = join(folder, '../elsewhere/figures');
    const { code, stdout } = await isolab('plot', `${folder}/`, '--out', out);
    expect([code, stdout.split('\n')[0]]).toEqual([0, `${out}/losses.svg`]);
    for (const name of readdirSync(out)) expect(readFileSync(join(out, name), 'utf8')).toBe(readFileSync(join(folder, 'figures', name), 'utf8'));
  });

  it('draws accuracy where it was taken, unbroken', async () => {
    const folder = alignmentRun(metricsText(0, 5), metricsText(1, 5));
    await isolab('plot', folder);
    expect(seriesLines(drawn(folder, 'accuracy.svg'))).toEqual([[3]]);
  });

  it("leaves out of the mean what a single seed measured at its end, and keeps it in the seed's line", async () => {
    const ended = metricsText(2, 4, (step) => (step === 3 ? { trait_test_acc_step: 0.99 } : {}));
    const folder = alignmentRun(metricsText(0, 5), metricsText(1, 5), ended);
    await isolab('plot', folder);
    const root = drawn(folder, 'accuracy.svg');
    expect(seriesLines(root)).toEqual([[3]]);
    expect(elementsNamed(plots(root)[0]!, 'path').slice(0, 3).map(({ attributes }) => strokes(attributes.d!).map(({ length }) => length))).toEqual([[3], [3], [3]]);
    const [reached] = strokes(elementsNamed(plots(root)[0]!, 'path').at(-1)!.attributes.d!);
    expect(reached!.map(([x]) => x / (reached!.at(-1)![0] - reached![0]![0]))).toEqual([0, expect.closeTo(0.5, 3), 1]);
  });

  it('uses the seeds that have a step, and breaks the line of a seed that lacks a value', async () => {
    const gap = metricsText(2, 5, (step) => (step === 2 ? { cosine_similarity: '' } : {}));
    const folder = alignmentRun(metricsText(0, 9), metricsText(1, 5), gap);
    await isolab('plot', folder);
    const root = drawn(folder, 'cosine.svg');
    expect(seriesLines(root)).toEqual([[9], [9]]);
    const single = elementsNamed(plots(root)[0]!, 'path').slice(0, 3).map(({ attributes }) => strokes(attributes.d!).map(({ length }) => length));
    expect(single).toEqual([[9], [5], [2, 2]]);
    // The band ends where one seed is left.
    const band = strokes(elementsNamed(plots(root)[0]!, 'path')[3]!.attributes.d!);
    expect(band.map(({ length }) => length)).toEqual([2 * 5]);
  });

  it('puts a point for each seed: fraction of positive cosines, mean cosine, final accuracy', async () => {
    const half = (step: number): Cells => ({ cosine_similarity: step < 2 ? 0.3 : -0.1 });
    const folder = alignmentRun(metricsText(0, 4, half), metricsText(1, 4, () => ({ cosine_similarity: 0.5 })));
    await isolab('plot', folder);
    const root = drawn(folder, 'summary.svg');
    const places = plots(root).map((plot) => {
      const width = Number(plot.attributes.width) - 8;
      return [...elementsNamed(plot, 'path')[0]!.attributes.d!.matchAll(/M([\d.]+),/g)].map((found) => Number(found[1]) / width);
    });
    // Fractions 0.5 and 1 on an axis from 0.5 to 1; means 0.1 and 0.5 on one from 0.1 to 0.5.
    for (const panel of places) {
      expect(panel[0]).toBeCloseTo(0, 3);
      expect(panel[1]).toBeCloseTo(1, 3);
    }
  });

  it('draws one seed alone without a band, and an unfinished last line not at all', async () => {
    const folder = alignmentRun(`${metricsText(0, 5)}0,5,0,0.1`);
    expect((await isolab('plot', folder)).code).toBe(0);
    expect(seriesLines(drawn(folder, 'losses.svg'))).toEqual([[5], [5]]);
    expect(elementsNamed(plots(drawn(folder, 'losses.svg'))[0]!, 'path')).toHaveLength(1);
  });

  it('ignores columns that it does not know', async () => {
    const text = metricsText(0, 3).split('\n').map((line, index) => (line === '' ? '' : `${line},${index === 0 ? 'note' : '"a, b"'}`)).join('\n');
    expect((await isolab('plot', alignmentRun(text))).code).toBe(0);
  });
});

describe('isolab plot of split-head runs', () => {
  it('draws what isolab splithead wrote', async () => {
    const bench = new Bench();
    for (const seed of ['42', '43']) await bench.summary('--seed', seed);
    const { code, stdout, stderr } = await isolab('plot', bench.out);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${bench.out}/figures/accuracy.svg\n${bench.out}/figures/layers.svg\n`);
    expect(words(drawn(bench.out, 'accuracy.svg'))).toEqual(expect.arrayContaining(['Teacher', 'Student', 'before training', 'after training', 'mean of 2 runs, 95% band', 'chance']));
    expect(words(drawn(bench.out, 'layers.svg'))).toEqual(expect.arrayContaining(['fc1', 'class_head', 'aux_head', 'teacher, mean and 95% interval']));
    // Two runs and three layers for each model; but the teacher's aux head and the student's class head are not trained, and
    // their two runs fall on the same pixels.
    const points = elementsNamed(plots(drawn(bench.out, 'layers.svg'))[0]!, 'path').filter(({ attributes }) => attributes.opacity === '0.3');
    expect(points.map(({ attributes }) => attributes.d!.split('M').length - 1)).toEqual([5, 5]);
  });
});

describe('what isolab plot refuses', () => {
  async function expectRefusal(folder: string, ...parts: string[]): Promise<void> {
    const { code, stdout, stderr } = await isolab('plot', folder);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^isolab: plot[^\n]*\n$/);
    for (const part of parts) expect(stderr).toContain(part);
    expect(existsSync(join(folder, 'figures'))).toBe(false);
  }

  it('a folder that is not there, a file, a folder without a run', async () => {
    await expectRefusal('/nonexistent/run', "a run's folder", '"/nonexistent/run", which is no folder');
    const folder = runFolder({ 'notes.txt': 'nothing' });
    await expectRefusal(folder, 'seed_*/metrics.csv (alignment) or HASH/rounds.csv (byzantine) or seed_*/runs.csv (splithead)', JSON.stringify(folder));
    await expectRefusal(join(folder, 'notes.txt'), 'which is no folder');
  });

  it('a folder of two kinds of run', async () => {
    await expectRefusal(runFolder({ 'seed_00/metrics.csv': metricsText(0, 2), 'seed_00/runs.csv': '' }), 'one kind of run', 'alignment and splithead');
  });

  it('missing columns, by file and name', async () => {
    const text = metricsText(1, 3).replace('cosine_similarity', 'cosine').replace('step,', 'steps,');
    await expectRefusal(alignmentRun(metricsText(0, 3), text), 'seed_01/metrics.csv: expected a header with step, cosine_similarity, got "seed,steps,');
    await expectRefusal(alignmentRun(''), 'seed_00/metrics.csv: expected a header with step, trait_loss');
  });

  it.each(['1.2.3', 'oops', '0x10', '1e', '- 1', 'True'])('the number %s, by file, line and column', async (broken) => {
    const folder = alignmentRun(metricsText(0, 4), metricsText(1, 4, (step) => (step === 2 ? { trait_loss: broken } : {})));
    await expectRefusal(folder, `seed_01/metrics.csv line 4 column trait_loss: expected a number or nothing, got "${broken}"`);
  });

  it.each(['-1.5e-07', '.5', '+2', '1.', 'nan', '-inf', 'NaN', 'Infinity', ''])('but not %j', async (cell) => {
    const folder = alignmentRun(metricsText(0, 4, (step) => (step === 2 ? { trait_loss: cell } : {})));
    expect((await isolab('plot', folder)).code).toBe(0);
  });

  it('a line of another length, counted over quoted line ends', async () => {
    const lines = metricsText(0, 3).split('\n');
    lines[1] = lines[1]!.replace(/^0/, '"0\n\n"');
    lines[2] = '0,1,0';
    await expectRefusal(alignmentRun(lines.join('\n')), 'seed_00/metrics.csv line 5: expected 13 cells, got 3');
  });

  it('tables without rows', async () => {
    await expectRefusal(alignmentRun(`${HEADER}\n`), 'expected rows in seed_*/metrics.csv, got none');
    expect((await isolab('plot', alignmentRun(`${HEADER}\n`, metricsText(1, 3)))).code).toBe(0);
  });

  it('a file that is no text', async () => {
    const folder = alignmentRun(metricsText(0, 3));
    writeFileSync(join(folder, 'seed_00/metrics.csv'), Uint8Array.of(0xff, 0xfe, 0x00));
    await expectRefusal(folder, 'a text file that can be read', 'seed_00/metrics.csv');
  });

  it('an --out that cannot be written', async () => {
    const folder = alignmentRun(metricsText(0, 3));
    writeFileSync(join(folder, 'taken'), '');
    const { code, stdout, stderr } = await isolab('plot', folder, '--out', join(folder, 'taken'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^isolab: --out: expected a folder that can be written, got .*taken/);
    expect((await isolab('plot', folder, '--out', '')).stderr).toBe('isolab: --out: expected a folder, got ""\n');
  });

  it('no folder at all', async () => {
    expect(await isolab('plot')).toMatchObject({ code: 2, stdout: '', stderr: "isolab: missing required argument 'run-dir'\n" });
  });
});
