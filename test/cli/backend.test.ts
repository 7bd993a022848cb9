// --backend and isolab backend: what is recorded, what is said, and what goes wrong.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { parseCsv } from '../../src/outputs/index.js';
import { packagedMnistFolder, packageFinder } from '../../src/runtime/node.js';
import { findTested, packagesFolder, SOFTWARE_GPU, testable } from '../backend/backends.js';
import { Bench, isolab, scratchFolder, sourceRuntime, startCli, type Outcome } from './cli-fixture.js';

const nowhere = packageFinder(['/nonexistent/package.json']);
/** Without Dawn, so that no GPU is tried: a software one would take minutes to calibrate. */
const findWasm: typeof findTested = async (names) => (names.includes('webgpu') ? { missing: ['webgpu'] } : findTested(names));

/** One command line in this process, with packages found in a certain way and a cache folder of its own. */
async function isolabFinding(findPackages: typeof findTested, cacheDir: string, argv: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  outcome.code = await main(argv, {
    runtime: { ...sourceRuntime(), findPackages },
    stdout: (text) => void (outcome.stdout += text),
    stderr: (text) => void (outcome.stderr += text),
    isTerminal: false, cacheDir, packagedMnistDir: packagedMnistFolder(),
  });
  return outcome;
}

const summaryOf = ({ stdout }: Outcome) => JSON.parse(stdout) as Record<string, unknown>;
const cells = (bench: Bench, ...names: string[]) => {
  const [columns, ...rows] = parseCsv(bench.read('runs.csv')!) as [string[], ...string[][]];
  return rows.map((row) => names.map((name) => row[columns.indexOf(name)]));
};

describe('a backend that cannot be used', () => {
  it.each([
    ['tfjs-wasm', 'packages @tensorflow/tfjs-core and @tensorflow/tfjs-backend-wasm, which are not installed; npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0'],
    ['tfjs-webgpu', 'packages @tensorflow/tfjs-core and @tensorflow/tfjs-backend-webgpu and webgpu, which are not installed; npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0 webgpu'],
  ])('%s: names the packages to install, and writes nothing', async (name, words) => {
    const bench = new Bench();
    const { code, stdout, stderr } = await isolabFinding(nowhere, '/nonexistent', bench.flags('--backend', name));
    expect([code, stdout, stderr]).toEqual([2, '', `isolab: --backend ${name}: expected the ${words}\n`]);
    expect(existsSync(bench.out)).toBe(false);
  });

  it('names only what is missing', async () => {
    const find: typeof nowhere = async (names) => ({ missing: names.filter((name) => name.includes('backend')) });
    const { code, stderr } = await isolabFinding(find, '/nonexistent', new Bench().flags('--backend', 'tfjs-webgl'));
    expect([code, stderr]).toEqual([2, 'isolab: --backend tfjs-webgl: expected the package @tensorflow/tfjs-backend-webgl, which is not installed; npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-webgl@4.22.0\n']);
  });

  it('is no backend at all', async () => {
    const { code, stderr } = await new Bench().run('--backend', 'cuda');
    expect([code, stderr]).toEqual([2, 'isolab: --backend: expected one of core, tfjs-wasm, tfjs-webgl, tfjs-webgpu, auto, got "cuda"\n']);
  });

  it.runIf(packagesFolder !== undefined)('has no adapter: one clear line, nothing written', async () => {
    const bench = new Bench();
    const child = await startCli(bench.flags('--backend', 'tfjs-webgpu'), { cwd: packagesFolder!, env: { VK_ICD_FILENAMES: '/nonexistent.json' } });
    const { code, stdout, stderr } = await child.ended;
    expect([code, stdout]).toEqual([2, '']);
    // Dawn has words of its own about drivers before ours.
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('isolab: --backend tfjs-webgpu: expected a GPU adapter, got none; install a driver for Vulkan, Metal or Direct3D 12, or take another backend');
    expect(existsSync(bench.out)).toBe(false);
  });

  it.runIf(packagesFolder !== undefined)('needs a browser', async () => {
    const { code, stderr } = await isolabFinding(findTested, '/nonexistent', new Bench().flags('--backend', 'tfjs-webgl'));
    expect([code, stderr]).toEqual([2, 'isolab: --backend tfjs-webgl: expected a browser, whose WebGL it uses, got none; take tfjs-wasm or tfjs-webgpu\n']);
  });
});

describe('records', () => {
  it('of the core keep their ids and are promised', async () => {
    const bench = new Bench();
    const plain = await bench.summary();
    expect(plain).toMatchObject({ backend: 'core', bits_promised: true });
    expect(await bench.summary('--backend', 'core')).toMatchObject({ run_id: plain.run_id, already_recorded: true });
    expect(cells(bench, 'isolab_backend', 'isolab_bits_promised')).toEqual([['core', 'yes']]);
    expect(JSON.parse(bench.read('configs.jsonl')!).isolab).toMatchObject({ backend: 'core', bits_promised: true });
  });

  it('of auto where no other backend is are the core\'s', async () => {
    const bench = new Bench();
    const { run_id, result_digest } = await bench.summary();
    const again = await isolabFinding(nowhere, '/nonexistent', bench.flags('--json', '--force', '--backend', 'auto'));
    expect(summaryOf(again)).toMatchObject({ run_id, result_digest, backend: 'core', bits_promised: true });
    expect(again.stderr).toContain('--backend auto: no tfjs backend can be used here, so the core computes everything; isolab backend says why\n');
  });

  it.runIf(packagesFolder !== undefined)('of tfjs-wasm are runs of their own, marked as not promised', async () => {
    const bench = new Bench();
    const core = await bench.summary();
    const run = (...more: string[]) => isolabFinding(findTested, '/nonexistent', bench.flags('--backend', 'tfjs-wasm', ...more));
    const made = summaryOf(await run('--json'));
    expect(made).toMatchObject({ backend: 'tfjs-wasm', bits_promised: false, already_recorded: false });
    expect(made.run_id).not.toBe(core.run_id);
    expect(made.result_digest).not.toBe(core.result_digest);
    expect(made.student_final_aux_loss as number).toBeCloseTo(core.student_final_aux_loss as number, 6);
    const again = await run();
    expect(again.stderr).toContain(`run ${made.run_id as string} is already recorded`);
    expect(again.stdout).toContain(`[Summary] run_id=${made.run_id as string} (strict, tfjs-wasm: not promised to the bit), as recorded\n`);
    expect(cells(bench, 'isolab_backend', 'isolab_bits_promised')).toEqual([['core', 'yes'], ['tfjs-wasm', 'no']]);
  });
});

describe.runIf(packagesFolder !== undefined)('auto', () => {
  it('calibrates once and keeps that', async () => {
    const bench = new Bench();
    const cache = join(scratchFolder(), 'cache');
    const run = (...more: string[]) => isolabFinding(findWasm, cache, bench.flags('--json', '--backend', 'auto', ...more));
    const first = await run();
    expect(first.stderr).toContain('--backend auto: tfjs-wasm is not calibrated on this machine yet; doing so once\ncalibrating tfjs-wasm: products\n');
    expect(summaryOf(first)).toMatchObject({ backend: 'auto (tfjs-wasm)', bits_promised: false });
    expect(readdirSync(join(cache, 'calibrations'))).toEqual([expect.stringMatching(/^tfjs-wasm-[0-9a-f]{12}\.json$/)]);
    const second = await run('--force');
    expect(second.stderr).not.toContain('calibrat');
    expect(summaryOf(second).run_id).toBe(summaryOf(first).run_id);
    expect(summaryOf(second).teacher_final_acc).toBeCloseTo(summaryOf(first).teacher_final_acc as number, 1);
  }, 60_000);

  it('goes on where the calibration cannot be kept', async () => {
    const { code, stderr } = await isolabFinding(findWasm, '/proc/nowhere', new Bench().flags('--backend', 'auto'));
    expect(code).toBe(0);
    expect(stderr).toContain('the calibration is not kept: ');
  }, 60_000);
});

describe('isolab backend', () => {
  it('says what can be used and why not', async () => {
    const { code, stdout } = await isolabFinding(nowhere, '/nonexistent', ['backend']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.slice(0, 23).trimEnd())).toEqual(['core         usable: th', 'tfjs-webgpu  not here:', 'tfjs-webgl   not here:', 'tfjs-wasm    not here:', '']);
    expect(stdout).toContain('npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0\n');
  });

  it.runIf(testable.includes('tfjs-webgpu'))('finds packages beside the user\'s project, and a software adapter', async () => {
    const child = await startCli(['backend', '--json'], { cwd: packagesFolder!, env: SOFTWARE_GPU });
    const entries = JSON.parse((await child.ended).stdout) as { name: string; usable: boolean; hardware?: string }[];
    expect(entries.map(({ name, usable }) => [name, usable])).toEqual([['core', true], ['tfjs-webgpu', true], ['tfjs-webgl', false], ['tfjs-wasm', true]]);
    expect(entries[1]!.hardware).toContain('SwiftShader');
  });

  it('calibrates nothing where nothing is', async () => {
    const outcome = await isolabFinding(nowhere, '/nonexistent', ['backend', 'calibrate']);
    expect([outcome.code, outcome.stdout]).toEqual([0, 'no tfjs backend can be used here: --backend auto is the core\n']);
    expect(JSON.parse((await isolabFinding(nowhere, '/nonexistent', ['backend', 'calibrate', '--json'])).stdout)).toEqual([]);
  });

  it('refuses other words', async () => {
    expect((await isolab('backend', 'frobnicate')).code).toBe(2);
    expect((await isolab('backend', 'calibrate', '--profile', 'fast')).stderr).toBe('isolab: --profile: expected strict or fused, got "fast"\n');
  });
});
