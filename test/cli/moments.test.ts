import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/nn/index.js';
import { isolab, scratchFolder } from './cli-fixture.js';

const SMALL: Record<string, string[]> = {
  profile: ['--dims', '2,5', '--dim', '8', '--layers', '3', '--trials', '1'],
  covariance: ['--n', '5', '--count', '500'],
  tightness: ['--num-layers', '3', '--sigmas', '1,2', '--samples-count', '500'],
  constrained: ['--largest', '8', '--dim', '6', '--count', '200'],
};

describe.each(Object.entries(SMALL))('isolab moments %s', (name, flags) => {
  it('writes a table, a figure, times and a record; the same bytes but for times', async () => {
    const folder = scratchFolder();
    const run = (out: string) => isolab('moments', name, ...flags, '--out-dir', join(folder, out));
    const [first, second] = [await run('a'), await run('b')];
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(new RegExp(`\\nrun [0-9a-f]{12}: digest [0-9a-f]{64}\\n\\[Output\\] .*: ${name}.csv, ${name}.svg, record.json, seconds.csv\\n$`));
    expect(second.code).toBe(0);
    const [runId] = readdirSync(join(folder, 'a'));
    expect(readdirSync(join(folder, 'a', runId!))).toEqual([`${name}.csv`, `${name}.svg`, 'record.json', 'seconds.csv'].sort());
    const read = (out: string, file: string) => readFileSync(join(folder, out, runId!, file), 'utf8');
    expect(read('b', `${name}.csv`)).toBe(read('a', `${name}.csv`));
    if (name !== 'profile') expect(read('b', `${name}.svg`)).toBe(read('a', `${name}.svg`));
    const record = JSON.parse(read('a', 'record.json')) as { rows: Record<string, unknown>[]; run_id: string; result_digest: string };
    expect(record.run_id).toBe(runId);
    const [header, ...lines] = read('a', `${name}.csv`).trimEnd().split('\n');
    expect(lines).toHaveLength(record.rows.length);
    expect(Object.keys(record.rows[0]!)).toEqual(header!.split(','));
    expect(read('a', `${name}.svg`)).toMatch(/^<svg .*<\/svg>\n?$/s);
    expect(read('a', `${name}.svg`)).not.toContain('NaN');
    expect(read('a', 'seconds.csv')).toMatch(/\nall,\d/);
  });

  it('prints its configuration, which --config takes back, and JSON', async () => {
    const folder = scratchFolder();
    const printed = await isolab('moments', name, ...flags, '--out-dir', join(folder, 'out'), '--seed', '3', '--print-config');
    expect(existsSync(join(folder, 'out'))).toBe(false);
    writeFileSync(join(folder, 'run.json'), printed.stdout);
    const given = JSON.parse((await isolab('moments', name, ...flags, '--out-dir', join(folder, 'out'), '--seed', '3', '--json')).stdout) as { digest: string };
    const read = JSON.parse((await isolab('moments', name, '--config', join(folder, 'run.json'), '--json')).stdout) as { digest: string };
    expect(read.digest).toBe(given.digest);
  });
});

const NETWORK = {
  input: 2,
  layers: [
    { kind: 'linear', weight: [[1, -0.5], [0.3, 2], [-1, 1]], bias: [0.1, 0, -0.2] }, { kind: 'relu' }, { kind: 'linear', weight: [[1, 1, 1], [0.5, -1, 2]] },
  ],
};
const MEAN = '[0.7, -0.4]';
const COVARIANCE = '[[1.69, 0.6], [0.6, 0.64]]';

/** Runs `isolab moments propagate` on a model written to a file. */
async function propagate(model: unknown, ...flags: string[]) {
  const path = join(scratchFolder(), 'model.json');
  writeFileSync(path, typeof model === 'string' ? model : JSON.stringify(model));
  const { stderr, ...outcome } = await isolab('moments', 'propagate', '--model', path, ...flags);
  return { ...outcome, stderr: stderr.replaceAll(path, 'MODEL') };
}

interface Printed { method: string; mean: number[]; covariance: number[][]; variance: number[]; mean_error: number[]; covariance_error: number[][] }
const printed = async (...flags: string[]) => JSON.parse((await propagate(NETWORK, '--mean', MEAN, '--cov', COVARIANCE, ...flags)).stdout) as Printed;

describe('isolab moments propagate', () => {
  it('prints exact moments that Monte Carlo confirms', async () => {
    const [exact, sampled] = [await printed(), await printed('--method', 'monte-carlo', '--count', '200000')];
    expect(exact.method).toBe('exact');
    exact.mean.forEach((value, i) => expect(Math.abs(value - sampled.mean[i]!)).toBeLessThan(4 * sampled.mean_error[i]!));
    exact.covariance.forEach((row, i) => row.forEach((value, j) => expect(Math.abs(value - sampled.covariance[i]![j]!)).toBeLessThan(4 * sampled.covariance_error[i]![j]!)));
  });

  it('has two stages exact where one activation is all that is not affine, one stage and variances alone not', async () => {
    const [exact, two, one, adf] = [await printed(), await printed('--method', 'two-stage', '--activation', '1'), await printed('--method', 'one-stage'), await printed('--method', 'adf')];
    expect(two.mean).toEqual(exact.mean);
    expect(two.covariance).toEqual(exact.covariance);
    expect(one.mean).not.toEqual(exact.mean);
    expect(adf.variance).toHaveLength(2);
    expect(adf.variance[0]).not.toBeCloseTo(exact.covariance[0]![0]!, 2);
    // The trick rounds at a step 1e3 times shorter.
    (await printed('--method', 'one-stage', '--derivative', 'trick')).covariance.flat().forEach((value, i) => expect(value).toBeCloseTo(one.covariance.flat()[i]!, 9));
  });

  it('takes one variance, a list of them, files, and weights by name', async () => {
    const folder = scratchFolder();
    const [mean, cov] = ['mean.json', 'cov.json'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(mean, MEAN);
    writeFileSync(cov, '[[0.5, 0], [0, 0.5]]');
    const full = (await propagate(NETWORK, '--mean', mean, '--cov', cov)).stdout;
    for (const given of ['0.5', '[0.5, 0.5]']) expect((await propagate(NETWORK, '--mean', MEAN, '--cov', given)).stdout).toBe(full);
    const tensors = new Map([['a', { dtype: 'float64' as const, shape: [2, 3], values: Float64Array.of(1, 1, 1, 0.5, -1, 2) }]]);
    writeFileSync(join(folder, 'weights.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
    const model = join(folder, 'model.json');
    writeFileSync(model, JSON.stringify({ ...NETWORK, tensors: 'weights.safetensors', layers: [...NETWORK.layers.slice(0, 2), { kind: 'linear', weight: 'a' }] }));
    expect((await isolab('moments', 'propagate', '--model', model, '--mean', mean, '--cov', cov)).stdout).toBe(full);
  });

  it('takes the means of an image as nested lists', async () => {
    const model = { input: [1, 2, 2], layers: [{ kind: 'averagePool2d', kernel: 2 }] };
    expect((await propagate(model, '--mean', '[[[1, 2], [3, 6]]]', '--cov', '4')).stdout).toBe('{"method":"exact","mean":[3],"covariance":[[1]]}\n');
  });

  it.each([
    [NETWORK, ['--cov', '[[1, 0.6], [0.5, 1]]'], '--cov: expected a symmetric matrix, got 0.5 in row 1, column 0 and 0.6 in row 0, column 1: they differ by 0.09999999999999998'],
    [NETWORK, ['--cov', '[[1, 2], [2, 1]]'], '--cov: expected a positive semidefinite matrix, got one whose smallest eigenvalue is -0.99999'],
    [NETWORK, ['--cov', '[[1, 0, 0], [0, 1, 0]]'], '--cov: expected one variance of at least 0, 2 of them, or 2 rows of 2 numbers, as many as the model has inputs, got 2 rows of 3'],
    [NETWORK, ['--cov', '[1, 2, 3]'], 'got 3 numbers'], [NETWORK, ['--cov', '[[1], 2]'], 'got 2 rows of 1 and a number'],
    [NETWORK, ['--cov', '[1, -2]'], '--cov: expected variances of at least 0, got -2 at position 1'],
    [NETWORK, ['--cov', '[1, "x"]'], ', all finite, got "x"'],
    [NETWORK, ['--cov', '1', '--mean', '[1, NaN]'], '--mean: expected JSON or the path of a JSON file, got "[1, NaN]"'],
    [NETWORK, ['--cov', '1', '--mean', '[1, null]'], '--mean: expected a list of 2 finite numbers, got [1,null]'],
    [NETWORK, ['--cov', '1', '--mean', '[1, 2, 3]'], '--mean: expected 2 numbers, as many as the model has inputs, got 3'],
    [NETWORK, ['--cov', '1', '--method', 'two'], '--method: expected one of exact, adf, two-stage, one-stage, monte-carlo, got "two"'],
    [NETWORK, ['--cov', '1', '--method', 'two-stage', '--activation', '0'], 'expected the place of an activation (1), got 0'],
    [NETWORK, ['--cov', '1', '--activation', '1'], '--activation: expected only with --method two-stage, got it with exact'],
    [NETWORK, ['--cov', '1', '--count', '1'], '--count: expected a whole number of at least 2, got "1"'],
    [{ input: 2, layers: [] }, ['--cov', '1'], '--model MODEL: layers: expected a list of at least one layer, got []'],
    [{ input: 2, layers: [{ kind: 'rellu' }] }, ['--cov', '1'], 'the nearest is relu'],
    [{ input: 2, layers: [{ kind: 'linear', weight: [[1, 2, 3]] }] }, ['--cov', '1'], '--model MODEL: network: layer 0: linear: expected 3 inputs, as its weight [1, 3] has columns, got [2]'],
    [{ input: 2, layers: [{ kind: 'linear', weight: 'w' }] }, ['--cov', '1'], 'no tensors were given'],
    ['{', ['--cov', '1'], '--model MODEL: expected JSON'],
  ])('refuses %j with %j', async (model, flags, message) => {
    const outcome = await propagate(model, '--mean', MEAN, ...flags);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr.trimEnd()).not.toContain('\n');
  });

  it('refuses to print what is not finite', async () => {
    const model = { input: 1, layers: [{ kind: 'linear', weight: [[1e200]] }] };
    const { code, stdout, stderr } = await propagate(model, '--mean', '[0]', '--cov', '1');
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: 'isolab: propagate: expected finite moments, got Infinity in covariance; scale the input or the weights down\n' });
  });
});
