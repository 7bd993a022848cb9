import { describe, expect, it } from 'vitest';
import { parseCsv, readTable, RunWriter, type Row, type RunRecord } from '../../src/outputs/index.js';
import { Killed, MemoryFiles } from './memory-files.js';

const LABELS = ['plain', 'comma, inside', 'quote " inside', 'line\nend', 'both\r\n', 'Köln 東京 😀', ''];

function makeRecord(runId: string, { label = 'plain', value = 0.5, more = {}, perturbations = 1, perturbed: extra = {} }: { label?: string; value?: number; more?: Row; perturbations?: number; perturbed?: Row } = {}): RunRecord {
  const layers = ['fc1', 'aux_head'].map((layer_name) => ({ run_id: runId, run_label: label, layer_name, cosine: NaN }));
  const perturbed = Array.from({ length: perturbations }, (_, index) => ({ run_id: runId, index, std: 0.1, ...extra }));
  return {
    runId,
    tables: [
      { file: 'layer_metrics.csv', global: 'layer_metrics_all_seeds.csv', rows: layers },
      { file: 'perturbations.csv', global: 'perturbations_all_seeds.csv', rows: perturbed },
      { file: 'runs.csv', global: 'runs_all_seeds.csv', rows: [{ run_id: runId, run_label: label, value, ...more }] },
    ],
    jsonLine: { file: 'configs.jsonl', line: JSON.stringify({ run_id: runId, label, value }) },
  };
}

async function write(files: MemoryFiles, record: RunRecord, { replace = false, global = false } = {}): Promise<void> {
  await new RunWriter(files, 'out', 'seed_000001', global).write(record, replace);
}

const RUNS = 'out/seed_000001/runs.csv';

/** The files after runs a and b, in the given order of columns. */
async function withTwoRuns(global: boolean): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await write(files, makeRecord('aaaa', { label: 'comma, "x"\r\nnext' }), { global });
  await write(files, makeRecord('bbbb'), { global });
  return files;
}

/** What a commit of `record` on `files` costs in bytes and operations. */
async function costOf(files: MemoryFiles, record: RunRecord, options: { replace?: boolean; global?: boolean }): Promise<number> {
  const copy = files.clone();
  copy.life = 1e9;
  await write(copy, record, options);
  return 1e9 - copy.life;
}

/** The ways in which rows get in: appended, under new columns of every table or of one, and in the place of earlier ones. */
const WAYS = [
  { way: 'appended', record: makeRecord('cccc', { value: 0.25 }), replace: false },
  { way: 'under new columns', record: makeRecord('cccc', { value: 0.25, more: { added: 'x,y' } }), replace: false },
  { way: 'under new columns of one table', record: makeRecord('cccc', { perturbed: { added: 1 } }), replace: false },
  { way: 'in place of earlier ones', record: makeRecord('aaaa', { value: 0.75, more: { added: 1 } }), replace: true },
];

describe('RunWriter', () => {
  it('keeps every label as it was', async () => {
    const files = new MemoryFiles();
    for (const [index, label] of LABELS.entries()) await write(files, makeRecord(`run${index}`, { label }));
    const rows = (await readTable(files, RUNS))!;
    expect(rows.map(({ run_label }) => run_label)).toEqual(LABELS);
    expect(rows.map(({ run_id }) => run_id)).toEqual(LABELS.map((_, index) => `run${index}`));
  });

  it('appends without touching what is there, and leaves nothing but the files', async () => {
    const files = await withTwoRuns(false);
    const before = files.texts();
    await write(files, makeRecord('cccc'));
    expect(Object.keys(files.texts())).toEqual(['configs.jsonl', 'layer_metrics.csv', 'perturbations.csv', 'runs.csv'].map((name) => `out/seed_000001/${name}`));
    for (const [path, text] of Object.entries(before)) expect(files.texts()[path]!.startsWith(text), path).toBe(true);
  });

  it('adds new columns at the right and leaves them empty in earlier rows', async () => {
    const files = await withTwoRuns(false);
    await write(files, makeRecord('cccc', { more: { zeta: 1, alpha: 2 } }));
    const [header, ...rows] = parseCsv(files.texts()[RUNS]!);
    expect(header).toEqual(['run_id', 'run_label', 'value', 'zeta', 'alpha']);
    expect(rows).toEqual([['aaaa', 'comma, "x"\r\nnext', '0.5', '', ''], ['bbbb', 'plain', '0.5', '', ''], ['cccc', 'plain', '0.5', '1', '2']]);
  });

  it('goes on in a file of the original program, which lacks our columns and has others', async () => {
    const files = new MemoryFiles({ [RUNS]: 'schema_version,run_id,value\r\nv1,theirs,1\r\n' });
    await write(files, makeRecord('aaaa'));
    expect(files.texts()[RUNS]).toBe('schema_version,run_id,value,run_label\r\nv1,theirs,1,\r\n,aaaa,0.5,plain\r\n');
  });

  it('writes no file for a table without rows', async () => {
    const files = new MemoryFiles();
    await write(files, makeRecord('aaaa', { perturbations: 0 }), { global: true });
    expect(Object.keys(files.texts()).filter((path) => path.includes('perturbations'))).toEqual([]);
  });

  it('replaces the rows of one run only', async () => {
    const files = await withTwoRuns(true);
    await write(files, makeRecord('aaaa', { value: 0.75, perturbations: 3 }), { replace: true, global: true });
    for (const path of [RUNS, 'out/runs_all_seeds.csv']) {
      expect((await readTable(files, path))!.map(({ run_id, value }) => [run_id, value])).toEqual([['bbbb', '0.5'], ['aaaa', '0.75']]);
    }
    for (const path of ['out/seed_000001/perturbations.csv', 'out/perturbations_all_seeds.csv']) {
      expect((await readTable(files, path))!.map(({ run_id }) => run_id)).toEqual(['bbbb', 'aaaa', 'aaaa', 'aaaa']);
    }
    const lines = files.texts()['out/seed_000001/configs.jsonl']!.trimEnd().split('\n').map((line) => JSON.parse(line));
    expect(lines.map(({ run_id, value }) => [run_id, value])).toEqual([['bbbb', 0.5], ['aaaa', 0.75]]);
  });

  it('replaces rows in the global files too where they are, and adds none where they are not', async () => {
    const there = await withTwoRuns(true);
    await write(there, makeRecord('aaaa', { value: 0.75 }), { replace: true });
    expect((await readTable(there, 'out/runs_all_seeds.csv'))!.map(({ value }) => value)).toEqual(['0.5', '0.75']);
    const absent = await withTwoRuns(false);
    await write(absent, makeRecord('aaaa'), { replace: true });
    expect(Object.keys(absent.texts()).filter((path) => path.includes('all_seeds'))).toEqual([]);
  });

  it('drops what a crash left half-written, whose ever it was', async () => {
    const files = await withTwoRuns(false);
    const whole = files.texts();
    for (const [path, half] of [[RUNS, 'cccc,"half a la'], ['out/seed_000001/configs.jsonl', '{"run_id": "cc'], ['out/seed_000001/layer_metrics.csv', 'cccc,x\r']] as const) {
      files.contents.set(path, new TextEncoder().encode(whole[path]! + half));
    }
    const clean = new MemoryFiles(whole);
    await write(files, makeRecord('dddd'));
    await write(clean, makeRecord('dddd'));
    expect(files.texts()).toEqual(clean.texts());
  });

  it('names the folder when a table cannot be read, and leaves no mark', async () => {
    const files = await withTwoRuns(false);
    const before = files.texts();
    files.read = async (path) => {
      throw new Error(`${path}: expected a file, got a folder`);
    };
    await expect(write(files, makeRecord('cccc'))).rejects.toThrow(/^out\/seed_000001: expected to write run cccc, got .*configs\.jsonl: expected a file, got a folder; no row of it was kept$/);
    expect(files.texts()).toEqual(before);
  });
});

describe.each([false, true])('a full disk (global files: %s)', (global) => {
  it.each(WAYS)('leaves every byte as it was, wherever it ran full: $way', async ({ record, replace }) => {
    const start = await withTwoRuns(global);
    const before = start.texts();
    const most = await costOf(start, record, { replace, global });
    let failures = 0;
    for (let room = 0; room <= most; room++) {
      const files = start.clone();
      files.room = room;
      const error = await write(files, record, { replace, global }).then(() => undefined, (reason: Error) => reason);
      if (error === undefined) continue;
      failures++;
      expect(error.message).toBe(`out/seed_000001: expected to write run ${record.runId}, got ENOSPC: no space left on device, write; no row of it was kept`);
      expect(files.texts(), `room ${room}`).toEqual(before);
    }
    expect(failures).toBeGreaterThan(100);
  });
});

describe.each([false, true])('a process killed while it writes (global files: %s)', (global) => {
  it.each(WAYS)('is made good by running again, wherever it died: $way', async ({ record, replace }) => {
    const start = await withTwoRuns(global);
    const finished = start.clone();
    await write(finished, record, { replace, global });
    const cost = await costOf(start, record, { replace, global });
    for (let life = 0; life <= cost; life++) {
      const files = start.clone();
      files.life = life;
      const killed = await write(files, record, { replace, global }).then(() => false, () => true);
      expect(killed, `life ${life} of ${cost}`).toBe(life < cost);
      files.life = Infinity;
      const again = new RunWriter(files, 'out', 'seed_000001', global);
      const found = await again.find('runs.csv', record.runId);
      // A run that is found is whole in every file: the CLI then writes nothing unless forced to.
      if (found === undefined || replace) await again.write(record, found !== undefined);
      expect(sortRows(files), `life ${life}`).toEqual(sortRows(finished));
    }
  });

  it('is made good by running again with no room to spare', async () => {
    const start = await withTwoRuns(global);
    const record = WAYS[0]!.record;
    const cost = await costOf(start, record, { global });
    const files = start.clone();
    files.life = cost - 3;
    await expect(write(files, record, { global })).rejects.toThrow();
    files.life = Infinity;
    files.room = 10;
    await expect(write(files, record, { global })).rejects.toThrow('running it again repairs the files');
    files.room = Infinity;
    await write(files, record, { global });
    const finished = start.clone();
    await write(finished, record, { global });
    expect(sortRows(files)).toEqual(sortRows(finished));
  });
});

/** Contents with the lines of each file in order: repaired rows may stand at another place than appended ones. */
function sortRows(files: MemoryFiles): Record<string, unknown> {
  return Object.fromEntries(Object.entries(files.texts()).map(([path, text]) => [path, path.endsWith('.csv') ? parseCsv(text).map((row) => JSON.stringify(row)).sort() : text.split('\n').sort()]));
}

it('the fake dies as a process does', async () => {
  const files = new MemoryFiles();
  files.life = 3;
  await expect(files.append('a/b', new Uint8Array(5))).rejects.toThrow(Killed);
  expect(files.contents.get('a/b')!.length).toBe(3);
  await expect(files.remove('a/b')).rejects.toThrow(Killed);
});
