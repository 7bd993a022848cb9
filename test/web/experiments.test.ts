// The page's experiments without a page: presets that hold, panels that events fill, and the command line's files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { textOf } from '../../src/experiments/configuration.js';
import { packagedMnistFolder } from '../../src/runtime/node.js';
import { madeUpDataset, shortRun } from '../../src/verify/index.js';
import { madeUpPairs } from '../../src/verify/translation-cases.js';
import { EXPERIMENTS, experimentNamed } from '../../src/web/experiments/index.js';
import type { RunEvent } from '../../src/web/experiment.js';
import { MemoryFiles } from '../../src/web/memory-files.js';
import { PlotBook } from '../../src/web/plots.js';
import { differences } from '../../src/web/page/run-list.js';
import { choicesOf, formatValue, parseValue } from '../../src/web/page/fields.js';

const core = await openCore({ kernels: 'all' });
const images = madeUpDataset(core);

/** Short configurations of all of them. */
const SHORT: Record<string, Record<string, unknown>> = {
  splithead: shortRun,
  alignment: { seeds: '1-2', audit_size: 20, noise_dataset_size: 64, batch_size: 32, hidden_dim: 8, teacher_epochs: 1, student_epochs: 1, audit_batches_for_grad: 1 },
  byzantine: { honest_size: 5, byzantine_size: 2, attack: 'sign-flip', aggregator: 'gm', rounds: 2, display_interval: 3, model: 'softmax' },
  'moments tightness': { num_layers: 3, dims: 2, samples_count: 2000, sigmas: '1,2' },
  'moments covariance': { n: 5, count: 1000 },
  'moments constrained': { largest: 4, dim: 4, count: 100, repeats: 1 },
  'moments gaussianity': { dims: '1,4', count: 40 },
  'moments lenet': { train_size: 12, test_size: 4, batch_size: 1, epochs: 1 },
  'moments robustness': { model: 'lenet.json', count: 10, levels: 3 },
  'moments profile': { dims: '2,4', dim: 4, layers: 2, trials: 1 },
  'translate train': { data: 'pairs.tsv', vocab_size: 45, embed_size: 12, hidden_size: 12, batch_size: 4, lr: 0.01, epochs: 2 },
};

/** Robustness disturbs MNIST's own images. */
const MNIST = 'mnist';
const own = new MemoryFiles();
for (const name of readdirSync(packagedMnistFolder()!)) await own.writeWhole(`${MNIST}/${name}`, readFileSync(join(packagedMnistFolder()!, name)));
await own.writeWhole('pairs.tsv', new TextEncoder().encode(madeUpPairs.map(({ source, target }) => `${target}\t${source}\n`).join('')));

async function run(name: string, config: Record<string, unknown>, files = new MemoryFiles(), checkpointEvery?: number, most = Infinity): Promise<{ events: RunEvent[]; files: MemoryFiles }> {
  const events: RunEvent[] = [];
  const source = { files: own, mnistFolders: () => ({ dataDir: 'none', packagedDir: MNIST }) };
  const place = { core, files, source, images, now: () => performance.now(), engine: 'test', checkpointEvery };
  const experiment = experimentNamed(name);
  let checkpoints = 0;
  for await (const event of experiment.run(place, experiment.resolve(config, 'test'))) {
    events.push(event);
    if (event.type === 'checkpoint' && ++checkpoints >= most) break;
  }
  return { events, files };
}

// What `moments robustness` reads: the files that LeNet's experiment offers.
const trained = (await run('moments lenet', { train_size: 4, test_size: 4, batch_size: 4, epochs: 1 })).files;
for (const name of experimentNamed('moments lenet').readable!) await own.writeWhole(name, await trained.read((await pathsIn(trained, '.')).find((path) => path.endsWith(`/${name}`))!));

async function pathsIn(files: MemoryFiles, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    const below = await pathsIn(files, path);
    found.push(...(below.length === 0 ? [path] : below));
  }
  return found;
}

describe.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))('%s', (name, experiment) => {
  it('has presets that its schema takes, the default first and a one-minute version second', () => {
    expect(experiment.presets[1]!.name).toBe('One minute');
    for (const { values } of experiment.presets) expect(() => experiment.resolve(values, 'preset')).not.toThrow();
  });

  it('has words for what sets a run of each preset apart', () => {
    const words = experiment.presets.map(({ values }) => differences({ experiment: name, config: experiment.resolve(values, 'preset') }));
    expect(new Set(words).size).toBe(words.length);
    for (const [field, type] of Object.entries(experiment.fields)) {
      const value = experiment.presets[1]!.values[field];
      const isOrdinary = value === undefined || JSON.stringify(value) === JSON.stringify(type.safeParse(undefined).data);
      if (!isOrdinary && textOf(type).cosmetic !== true && field !== 'model') expect(words[1]).toContain(`${field} `);
    }
  });

  it('has panels with words for those who do not see them, and fills each', async () => {
    const { events } = await run(name, SHORT[name]!);
    const panels = experiment.panels(experiment.resolve(SHORT[name]!, 'test'));
    for (const { description, title } of panels) expect(description.length * title.length).toBeGreaterThan(0);
    const book = new PlotBook();
    for (const event of events) if (event.type === 'plot') book.apply(event.panel, event.change);
    expect([...book.curves.keys(), ...book.pictures.keys()].sort()).toEqual(panels.map(({ id }) => id).sort());
  });

  it('tells its work as it goes, never more than all of it, and ends with a digest and files', async () => {
    const { events, files } = await run(name, SHORT[name]!);
    const started = events.find((event) => event.type === 'started')!;
    const done = events.filter((event) => event.type === 'progress').map((event) => event.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(Math.max(...done)).toBeLessThanOrEqual(started.total + 1e-9);
    expect(events.at(-1)).toMatchObject({ type: 'finished', digest: expect.stringMatching(/^[0-9a-f]{64}( [0-9a-f]{64})*$/) });
    expect((await pathsIn(files, '.')).length).toBeGreaterThan(2);
  });

  it('has a form whose texts are its values', () => {
    const config = experiment.resolve(SHORT[name]!, 'test');
    const texts = Object.entries(experiment.fields).map(([field, type]) => {
      const value = config[field];
      return [field, typeof value === 'boolean' ? value : parseValue(type, formatValue(type, value))] as const;
    });
    expect(experiment.resolve(Object.fromEntries(texts.filter(([, value]) => value !== undefined)), 'form')).toEqual(config);
    for (const type of Object.values(experiment.fields)) for (const choice of choicesOf(type) ?? []) expect(type.safeParse(choice).success, textOf(type).help).toBe(true);
  });
});

describe.each(['splithead', 'alignment', 'byzantine', 'moments lenet', 'translate train'])('%s, broken off', (name) => {
  it('goes on from its checkpoint to the identical end, and leaves no checkpoint', async () => {
    const whole = await run(name, SHORT[name]!);
    const broken = await run(name, SHORT[name]!, new MemoryFiles(), 1, 1);
    const resumed = await run(name, SHORT[name]!, broken.files, 4);
    expect(resumed.events.at(-1)).toEqual(whole.events.at(-1));
    const paths = await pathsIn(resumed.files, '.');
    expect(paths).toEqual(await pathsIn(whole.files, '.'));
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.join(' ')).not.toMatch(/checkpoint/);
    // Times and dates are in the other files.
    for (const path of paths.filter((each) => /layer_metrics|metrics\.csv|rounds|record\.json|summary|epochs|model|vocab|curves|lenet\./.test(each))) {
      expect(Buffer.from(await resumed.files.read(path)).equals(await whole.files.read(path)), path).toBe(true);
    }
  });
});

describe('translation', () => {
  it('shows perplexities by step and by epoch, and counts the held-out batches as work', async () => {
    const { events } = await run('translate train', SHORT['translate train']!);
    const points = events.flatMap((event) => (event.type === 'plot' && event.change.kind === 'point' ? [{ panel: event.panel, ...event.change }] : []));
    // 64 pairs in batches of 4 are 16 steps an epoch; 16 held-out pairs are 4 batches of a third of a step's time each.
    expect(points.filter(({ panel }) => panel === 'training').map(({ x }) => x)).toEqual([10, 16, 26, 32]);
    expect(points.filter(({ panel }) => panel === 'epochs').map(({ series, x }) => [series, x])).toEqual([['training', 1], ['held out', 1], ['training', 2], ['held out', 2]]);
    for (const { y } of points) expect(y).toBeGreaterThan(1);
    expect(events.find((event) => event.type === 'started')).toMatchObject({ total: 32 + 8 / 3, done: 0, title: expect.stringMatching(/^64 pairs to train on, 16 held out; 45 and 45 pieces, \d+ parameters, 32 steps$/) });
    expect(events.findLast((event) => event.type === 'progress')!.done).toBeCloseTo(32 + 8 / 3, 12);
  });

  it('goes on in mid-epoch where its work stood', async () => {
    const { files } = await run('translate train', SHORT['translate train']!, new MemoryFiles(), 7, 4);
    const { events } = await run('translate train', SHORT['translate train']!, files, 7);
    // Checkpoints after 7, 14, 16 and 23 steps.
    expect(events.find((event) => event.type === 'started')).toMatchObject({ total: 32 + 8 / 3, done: 23 + 4 / 3 });
  });

  it('says in a sentence that it has no pairs', async () => {
    await expect(run('translate train', {})).rejects.toThrow(/^--data: expected a TSV, a zip with one, or two aligned text files, got none$/);
    await expect(run('translate train', { data: 'nowhere.tsv' })).rejects.toThrow(/^--data: expected a file that can be read, got "nowhere.tsv"/);
  });
});
