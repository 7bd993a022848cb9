// The page's experiments without a page: presets that hold, panels that events fill, and the command line's files.
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { openCore } from '../../src/core/index.js';
import { textOf } from '../../src/experiments/configuration.js';
import { madeUpDataset, shortRun } from '../../src/verify/index.js';
import { EXPERIMENTS, experimentNamed } from '../../src/web/experiments/index.js';
import type { RunEvent } from '../../src/web/experiment.js';
import { MemoryFiles } from '../../src/web/memory-files.js';
import { PlotBook } from '../../src/web/plots.js';
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
  'moments profile': { dims: '2,4', dim: 4, layers: 2, trials: 1 },
};

async function run(name: string, config: Record<string, unknown>, files = new MemoryFiles(), checkpointEvery?: number, most = Infinity): Promise<{ events: RunEvent[]; files: MemoryFiles }> {
  const events: RunEvent[] = [];
  const source = { files, mnistFolders: () => ({ dataDir: 'none' }) };
  const place = { core, files, source, images, now: () => performance.now(), engine: 'test', checkpointEvery };
  const experiment = experimentNamed(name);
  let checkpoints = 0;
  for await (const event of experiment.run(place, experiment.resolve(config, 'test'))) {
    events.push(event);
    if (event.type === 'checkpoint' && ++checkpoints >= most) break;
  }
  return { events, files };
}

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
    const texts = Object.entries(experiment.fields as Record<string, z.ZodType>).map(([field, type]) => {
      const value = config[field];
      return [field, typeof value === 'boolean' ? value : parseValue(type, formatValue(type, value))] as const;
    });
    expect(experiment.resolve(Object.fromEntries(texts.filter(([, value]) => value !== undefined)), 'form')).toEqual(config);
    for (const type of Object.values(experiment.fields) as z.ZodType[]) for (const choice of choicesOf(type) ?? []) expect(type.safeParse(choice).success, textOf(type).help).toBe(true);
  });
});

describe.each(['splithead', 'alignment', 'byzantine'])('%s, broken off', (name) => {
  it('goes on from its checkpoint to the identical end, and leaves no checkpoint', async () => {
    const whole = await run(name, SHORT[name]!);
    const broken = await run(name, SHORT[name]!, new MemoryFiles(), 1, 1);
    const resumed = await run(name, SHORT[name]!, broken.files, 1);
    expect(resumed.events.at(-1)).toEqual(whole.events.at(-1));
    const paths = await pathsIn(resumed.files, '.');
    expect(paths).toEqual(await pathsIn(whole.files, '.'));
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.join(' ')).not.toMatch(/checkpoint/);
    // Times and dates are in the other files.
    for (const path of paths.filter((each) => /layer_metrics|metrics\.csv|rounds|record\.json|summary/.test(each))) expect(await resumed.files.read(path), path).toEqual(await whole.files.read(path));
  });
});
