import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../../src/web/memory-files.js';
import { PlotBook } from '../../src/web/plots.js';
import { RunStore, type StoredRun } from '../../src/web/stored-run.js';

const run = (id: string, created: string): StoredRun => ({ id, experiment: 'splithead', config: { seed: 1 }, created, state: 'running', seconds: 0 });
const bytes = (text: string) => new TextEncoder().encode(text);

describe('the store of runs', () => {
  it('lists runs, the latest first, and passes over one that was never written whole', async () => {
    const store = new RunStore(new MemoryFiles());
    await store.save(run('a', '2026-01-01T00:00:00Z'));
    await store.save(run('b', '2026-01-02T00:00:00Z'));
    await store.files.writeWhole('runs/c/run.json', bytes('{"id": "c"'));
    expect((await store.list()).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('offers the files of the command line, and neither checkpoints nor what is half-written', async () => {
    const store = new RunStore(new MemoryFiles());
    const names = ['outputs/seed_000001/runs.csv', 'outputs/seed_000001/checkpoint_x.safetensors', 'outputs/.checkpoint.safetensors', 'outputs/seed_000001/runs.csv.crswap', 'top.csv'];
    for (const name of names) await store.files.writeWhole(`runs/a/files/${name}`, bytes(name));
    expect(await store.results('a')).toEqual(['outputs/seed_000001/runs.csv', 'top.csv']);
    expect(await store.readResult('a', 'top.csv')).toEqual(bytes('top.csv'));
  });

  it('keeps what a run shows; a new run shows nothing', async () => {
    const store = new RunStore(new MemoryFiles());
    const book = new PlotBook();
    book.apply('loss', { kind: 'point', series: 'teacher', x: 1, y: 2 });
    await store.savePlots('a', book);
    expect((await store.readPlots('a')).curves).toEqual(book.curves);
    expect((await store.readPlots('b')).curves.size).toBe(0);
  });
});
