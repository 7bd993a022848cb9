// Help, version, configuration files, JSON output, progress, verify.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/version.js';
import { Bench, builtCli, isolab, repository, scratchFolder, startCli } from './cli-fixture.js';

// The command-line reference of the original's README, flag by flag with its default as our help writes it.
const REFERENCE: [flag: string, initial: string | undefined][] = [
  ['--outdir', './outputs'], ['--data-dir', './MNIST'], ['--seed', '42'], ['--num-workers', '0'], ['--device', 'auto'], ['--sweep-name', 'default'], ['--run-label', undefined],
  ['--append-global', undefined], ['--dataset', 'mnist'], ['--emnist-split', 'balanced'], ['--class-count', undefined], ['--class-selection', 'first'],
  ['--teacher-type', 'mlp'], ['--student-type', 'mlp'], ['--teacher-hidden-dims', '256,256'], ['--student-hidden-dims', '256,256'], ['--teacher-arch-spec', undefined],
  ['--student-arch-spec', undefined], ['--m', '10'], ['--teacher-init', undefined], ['--student-init', undefined], ['--teacher-trainable', undefined],
  ['--student-trainable', undefined], ['--teacher-epochs', '5'], ['--student-epochs', '5'], ['--data-bsize', '1024'], ['--noise-bsize', '1000'], ['--noise-steps', '60'],
  ['--teacher-lr', '0.001'], ['--student-lr', '0.001'], ['--noise-dist', 'uniform'], ['--perlin-res', '8'], ['--normalize-noise', undefined], ['--eval-noise-batches', '10'],
  ['--eval-noise-bsize', '1000'], ['--perturb', undefined], ['--perturb-spec', undefined],
];
const DEFAULTS = {
  outdir: './outputs', data_dir: './MNIST', seed: 42, num_workers: 0, device: 'auto', sweep_name: 'default', run_label: '', append_global: false,
  dataset: 'mnist', emnist_split: 'balanced', class_count: null, class_selection: 'first', teacher_type: 'mlp', student_type: 'mlp',
  teacher_hidden_dims: [256, 256], student_hidden_dims: [256, 256], teacher_arch_spec: null, student_arch_spec: null, m: 10,
  teacher_init: null, student_init: null, teacher_trainable: null, student_trainable: null, teacher_epochs: 5, student_epochs: 5,
  data_bsize: 1024, noise_bsize: 1000, noise_steps: 60, teacher_lr: 0.001, student_lr: 0.001, noise_dist: 'uniform', perlin_res: 8,
  normalize_noise: false, eval_noise_batches: 10, eval_noise_bsize: 1000, perturb_specs: [],
};

describe('isolab splithead --help', () => {
  it.each(REFERENCE)('lists %s with its default %s', async (flag, initial) => {
    const { code, stdout, stderr } = await isolab('splithead', '--help');
    expect([code, stderr]).toEqual([0, '']);
    // An entry goes on over lines that begin with more spaces.
    const entry = new RegExp(`^ {2}${flag}(?: <\\w+>)? {2,}(.*(?:\\n {20,}.*)*)`, 'm').exec(stdout)?.[1]?.replace(/\s+/g, ' ');
    expect(entry, `no entry for ${flag}`).toBeDefined();
    expect(/\(default: (.*)\)/.exec(entry!)?.[1]).toBe(initial);
  });
});

describe('configurations', () => {
  it("have the original's defaults", async () => {
    expect(JSON.parse((await isolab('splithead', '--print-config')).stdout)).toEqual(DEFAULTS);
  });

  it('printed and read back are the same run', async () => {
    const bench = new Bench();
    const flags = ['--teacher-type', 'cnn', '--teacher-arch-spec', '[{"type":"conv2d","out_channels":2,"stride":2}]', '--student-init', 'random,A,B', '--normalize-noise',
      '--perturb', 'student:fc1,std=0.1', '--perturb-spec', '[{"target":"teacher","sigma":"0.5"}]', '--teacher-lr', '1e-2'];
    const { run_id, result_digest } = await bench.summary(...flags);
    const path = join(bench.folder, 'config.json');
    writeFileSync(path, (await bench.run(...flags, '--print-config')).stdout);
    const again = await isolab('splithead', '--config', path, '--json', '--force');
    expect(JSON.parse(again.stdout)).toMatchObject({ run_id, result_digest });
    expect((await isolab('splithead', '--config', path, '--print-config')).stdout).toBe(readFileSync(path, 'utf8'));
  });

  it('take values from a file and let flags override them', async () => {
    const path = join(scratchFolder(), 'config.json');
    writeFileSync(path, JSON.stringify({ seed: 7, m: 5, normalize_noise: true, perturb_specs: [{ std: 1 }] }));
    const { stdout } = await isolab('splithead', '--config', path, '--m', '6', '--print-config');
    expect(JSON.parse(stdout)).toEqual({ ...DEFAULTS, seed: 7, m: 6, normalize_noise: true, perturb_specs: [{ std: 1 }] });
    const perturbed = await isolab('splithead', '--config', path, '--perturb', 'teacher:fc1,std=2', '--print-config');
    expect(JSON.parse(perturbed.stdout).perturb_specs).toEqual([{ target: 'teacher', layers: 'fc1', std: 2 }]);
  });

  it('take specifications from files', async () => {
    const folder = scratchFolder();
    const spec = [{ type: 'conv2d', out_channels: 2, kernel_size: 3 }];
    writeFileSync(join(folder, 'spec.json'), JSON.stringify(spec));
    writeFileSync(join(folder, 'perturb.json'), JSON.stringify({ std: 1, layers: 'conv1' }));
    const { stdout } = await isolab('splithead', '--student-type', 'cnn', '--student-arch-spec', join(folder, 'spec.json'), '--perturb-spec', join(folder, 'perturb.json'), '--print-config');
    expect(JSON.parse(stdout)).toMatchObject({ student_arch_spec: spec, perturb_specs: [{ std: 1, layers: 'conv1' }] });
  });
});

describe('output streams', () => {
  it('with --json: one line of JSON on stdout, progress on stderr', async () => {
    const { stdout, stderr } = await new Bench().run('--json');
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(stderr).toMatch(/^run [0-9a-f]{12}: 96 training and 40 test images, 4 classes, 6 steps\n\[Eval\] teacher initial \| acc=\d/);
    expect(JSON.parse(stdout)).toMatchObject({ already_recorded: false, profile: 'strict' });
  });

  it('without: a summary on stdout', async () => {
    const bench = new Bench();
    const { stdout } = await bench.run();
    expect(stdout).toMatch(/^\[Summary\] run_id=[0-9a-f]{12} \(strict\)\n/);
    expect(stdout).toContain(`[Output] ${bench.out}/seed_000042: `);
  });

  it('hold no control characters when stderr is no terminal', async () => {
    const child = await startCli(new Bench().flags());
    const { code, stdout, stderr } = await child.ended;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });

  const hasScript = existsSync('/usr/bin/script');
  if (!hasScript) console.warn('skipped: no /usr/bin/script here to make a terminal with');
  const onTerminal = async (argv: readonly string[]) => {
    const words = [process.execPath, await builtCli(), ...argv].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    return execFileSync('/usr/bin/script', ['-qec', `${words}; echo "code $?"`, '/dev/null'], { encoding: 'utf8', cwd: repository });
  };

  it.runIf(hasScript)('show a bar on a terminal and give the cursor back', async () => {
    const text = await onTerminal(new Bench().flags());
    expect(text).toContain('\x1b[?25l');
    expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
    expect(text).toMatch(/\d\/6 steps/);
    expect(text).toContain('code 0');
  });

  it.runIf(hasScript)('give the cursor back when the run fails', async () => {
    const text = await onTerminal(new Bench().flags('--noise-bsize', '2000000000'));
    expect(text).toContain('\x1b[?25l');
    expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
    expect(text).toMatch(/isolab: noise images \[2000000000, 784\]: needs \d+ bytes/);
    expect(text).toContain('code 1');
  });

  it('end quietly when the reader of stdout has gone', async () => {
    const words = [process.execPath, await builtCli(), 'splithead', '--help'].join(' ');
    expect(execFileSync('/bin/bash', ['-c', `${words} 2>&1 | head -n 1; ${words} 2>&1 >/dev/full | head -n 3`], { encoding: 'utf8' })).not.toMatch(/at .*node:|Unhandled/);
  });
});

describe('the program', () => {
  it('tells its version', async () => {
    expect(await isolab('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  it('alone shows its commands and fails', async () => {
    const { code, stdout, stderr } = await isolab();
    expect([code, stdout]).toEqual([2, '']);
    for (const command of ['splithead', 'data', 'verify']) expect(stderr).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    expect(stderr).toMatch(/isolab: expected a command, got none; isolab --help lists them\n$/);
  });

  it('shows help on stdout', async () => {
    const { code, stdout, stderr } = await isolab('--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: isolab/);
  });
});

describe('isolab verify', () => {
  it('holds what was recorded, and reports a digest that was tampered with', async () => {
    const bench = new Bench();
    const path = join(bench.folder, 'cases.json');
    const recorded = await isolab('verify', '--record', path, '--', ...bench.flags());
    expect(recorded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^recorded [0-9a-f]{64} in /) });
    await isolab('verify', '--record', path, '--', ...bench.flags('--seed', '2'));
    // A case recorded twice stays one case.
    await isolab('verify', '--record', path, '--', ...bench.flags('--seed', '2'));
    expect(bench.list('')).toEqual([]);
    const holds = await isolab('verify', path);
    expect(holds).toMatchObject({ code: 0, stdout: expect.stringMatching(/^holds {4}splithead .*\nholds {4}splithead .*--seed 2 \(strict\)\n2 digests hold, 0 differ on node /) });
    const content = JSON.parse(readFileSync(path, 'utf8'));
    expect(content.cases[0].result_digest).toBe((await bench.summary()).result_digest);
    const digest = content.cases[1].result_digest;
    content.cases[1].result_digest = `0${digest.slice(1)}`;
    writeFileSync(path, JSON.stringify(content));
    const differs = await isolab('verify', path);
    expect(differs.code).toBe(1);
    expect(differs.stdout).toContain(`DIFFERS  ${content.cases[1].arguments.join(' ')} (strict): expected 0${digest.slice(1)}, got ${digest}\n1 digests hold, 1 differ`);
    expect(differs.stderr).toMatch(/\nisolab: verify: expected every digest to hold, got 1 of 2 that differ\n$/);
    const json = await isolab('verify', '--json', path);
    expect(JSON.parse(json.stdout)).toMatchObject({ holding: 1, differing: 1, cases: [{ holds: true }, { holds: false, got: digest }] });
    expect(json.stdout.trimEnd()).not.toContain('\n');
  });

  it('says when the data is not what was recorded', async () => {
    const bench = new Bench();
    const path = join(bench.folder, 'cases.json');
    await isolab('verify', '--record', path, '--', ...bench.flags());
    const images = join(bench.data, 'emnist-letters-train-images-idx3-ubyte');
    const bytes = readFileSync(images);
    bytes[9000]! ^= 255;
    writeFileSync(images, bytes);
    const { code, stdout } = await isolab('verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain('[data_sha256 differ from the record]');
  });

  it.each([
    ['no such file', undefined], ['no JSON', '{'], ['another format', '{"format":"x"}'], ['null', 'null'], ['cases that are none', '{"format":"isolab-verify-1","cases":[1]}'],
    ['a case without a configuration', '{"format":"isolab-verify-1","cases":[{"command":"splithead","arguments":[],"profile":"strict","result_digest":"x"}]}'],
  ])('refuses a file with %s in one sentence', async (_, text) => {
    const path = join(scratchFolder(), 'cases.json');
    if (text !== undefined) writeFileSync(path, text);
    const { code, stdout, stderr } = await isolab('verify', path);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^isolab: verify.*expected .*\n$/);
    expect(stderr).toContain(path);
  });

  it.each([
    [['verify', 'a', 'b'], 'verify: expected at most one file, got 2 words'],
    [['verify', '--record', '/tmp/x', '--'], 'verify --record: expected -- splithead and its flags, got nothing'],
    [['verify', '--record', '/tmp/x', '--', 'bogus'], 'verify --record: expected -- splithead and its flags, got "bogus"'],
    [['verify', '--record', '/tmp/x', '--', 'splithead', '--sed', '1'], "unknown option '--sed'"],
    [['verify', '--profile', 'loose'], '--profile: expected strict or fused, got "loose"'],
  ])('refuses %j', async (argv, message) => {
    const { code, stdout, stderr } = await isolab(...argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`isolab: ${message}`);
  });
});
