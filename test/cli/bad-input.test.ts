// What is refused: one sentence on stderr that names the thing, exit code 2 for the command line and 1 for the rest,
// nothing on stdout, no row and no stray file.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Bench, isolab, scratchFolder, startCli, type Outcome } from './cli-fixture.js';

/** One sentence, that code, and nothing written. */
function expectRefusal(outcome: Outcome, code: number, ...parts: string[]): void {
  expect(outcome.code, outcome.stderr).toBe(code);
  expect(outcome.stdout).toBe('');
  const said = outcome.stderr.trimEnd().split('\n');
  const sentence = said.at(-1)!;
  expect(sentence).toMatch(/^isolab: /);
  for (const part of parts) expect(sentence).toContain(part);
  expect(outcome.stderr).not.toMatch(/\n {4}at |TypeError|undefined/);
  // Before a refusal by name nothing is said; a run that fails half-way has said where it was.
  if (code === 2) expect(said).toHaveLength(1);
}

const cnn = (layer: object, ...rest: object[]) => ['--teacher-type', 'cnn', '--teacher-arch-spec', JSON.stringify([layer, ...rest])];
const convolution = (more: object) => ({ type: 'conv2d', out_channels: 2, ...more });

const USAGE: [what: string, flags: string[], parts: string[]][] = [
  ['an unknown flag', ['--teacherlr', '1'], ["unknown option '--teacherlr'", '--teacher-lr']],
  ['a flag without its value', ['--seed'], ['--seed <N>', 'argument missing']],
  ['a value for a switch', ['--normalize-noise=no'], ['--normalize-noise=no']],
  ['words that are no flags', ['extra'], ["'splithead'", 'Expected 0 arguments but got 1']],
  ['an unknown layer in an init list', ['--student-init', 'fc9:A'], ['--student-init', 'fc1, class_head, aux_head', 'got "fc9"']],
  ['an unknown layer in a trainable list', ['--teacher-trainable', 'fc2:false'], ['--teacher-trainable', 'got "fc2"']],
  ['a wrong count in a positional list', ['--teacher-init', 'A,A'], ['--teacher-init', 'expected 3 values', 'got 2: A,A']],
  ['mixed forms', ['--student-init', 'A,class_head:B,A'], ['--student-init', 'mixture', '"A,class_head:B,A"']],
  ['an unknown source', ['--student-init', 'A,C,A'], ['--student-init', 'A, B or random', '"C"']],
  ['an unknown boolean', ['--student-trainable', 'true,maybe,true'], ['--student-trainable', 'true or false', '"maybe"']],
  ['nothing left to train', ['--student-trainable', 'fc1:false,aux_head:false'], ['--student-trainable', 'fc1, aux_head', 'got none']],
  ['an unknown activation', cnn(convolution({ activation: 'swish' })), ['--teacher-arch-spec: layer 1', 'activation', 'relu, gelu', '"swish"']],
  ["a name from JavaScript's objects", cnn(convolution({ activation: 'constructor' })), ['activation', '"constructor"']],
  ['an unknown pool', cnn(convolution({ pool: { type: 'median' } })), ['layer 1 pool', 'max', '"median"']],
  ['a pool that is no object', cnn(convolution({ pool: 'max' })), ['pool to be an object', '"max"']],
  ['a convolution that leaves no pixel', cnn(convolution({}), convolution({ name: 'wide', kernel_size: 27 })), ['layer 2 (wide)', 'the convolution to leave at least 1 x 1 pixel', 'got 0 x 0']],
  ['a pool that leaves no pixel', cnn(convolution({ kernel_size: 28, pool: { kernel_size: 2 } })), ['its pool to leave at least 1 x 1 pixel']],
  ['a misspelt key of a specification', cnn(convolution({ kernal_size: 3 })), ['layer 1', 'kernel_size', '"kernal_size"']],
  ['a layer without channels', cnn({ type: 'conv2d' }), ['layer 1', 'out_channels', 'a whole number of at least 1']],
  ['an unknown layer type', cnn({ type: 'lstm' }), ['layer 1', 'conv2d or linear', '"lstm"']],
  ['a convolution after a linear layer', cnn({ type: 'linear', out_features: 3 }, convolution({})), ['layer 2', 'before linear layers']],
  ['two layers of one name', cnn(convolution({ name: 'a' }), convolution({ name: 'a' })), ['layer 2 (a)', 'to differ']],
  ['a layer named as a head', cnn(convolution({ name: 'aux_head' })), ['"aux_head"']],
  ['a fractional stride', cnn(convolution({ stride: 1.5 })), ['stride', '1.5']],
  ['an empty specification', ['--teacher-type', 'cnn', '--teacher-arch-spec', '[]'], ['--teacher-arch-spec', 'at least one layer']],
  ['a specification that is no list', ['--teacher-arch-spec', '{"type":"conv2d"}'], ['--teacher-arch-spec', 'a JSON list of layers']],
  ['a specification file that is missing', ['--teacher-arch-spec', 'missing.json'], ['--teacher-arch-spec', 'JSON or the path of a JSON file', '"missing.json"']],
  ['a specification that is broken JSON', ['--student-arch-spec', '[{"type":'], ['--student-arch-spec', 'JSON', 'type']],
  ['a folder for a specification', ['--student-arch-spec', '.'], ['--student-arch-spec', '"."', 'folder']],
  ['class count 1', ['--class-count', '1'], ['--class-count', 'from 2', '"1"']],
  ['class count 27 of emnist letters', ['--class-count', '27'], ['--class-count', '2 to 26 for emnist letters', '27']],
  ['class count 48 of emnist balanced', ['--emnist-split', 'balanced', '--class-count', '48'], ['--class-count', '2 to 47 for emnist balanced', '48']],
  ['class count 11 of mnist', ['--dataset', 'mnist', '--class-count', '11'], ['--class-count', '2 to 10 for mnist', '11']],
  ['an unknown dataset', ['--dataset', 'cifar'], ['--dataset', 'mnist or emnist', '"cifar"']],
  ['an unknown noise', ['--noise-dist', 'pink'], ['--noise-dist', 'uniform, normal or perlin', '"pink"']],
  ['a GPU', ['--device', 'cuda'], ['--device', 'auto or cpu', '"cuda"']],
  ['a width of 0', ['--teacher-hidden-dims', '8,0'], ['--teacher-hidden-dims', 'at least 1']],
  ['a width that is no number', ['--teacher-hidden-dims', '8,x'], ['--teacher-hidden-dims', '8,x']],
  ['no width', ['--student-hidden-dims', ','], ['--student-hidden-dims', 'at least one']],
  ['no folder', ['--outdir', ''], ['--outdir', 'a folder', '""']],
  ['an unknown profile', ['--profile', 'bogus'], ['--profile', 'strict or fused', '"bogus"']],
  ['a negative checkpoint interval', ['--checkpoint-every', '-1'], ['--checkpoint-every', 'at least 0', '"-1"']],
];

const NUMBERS = ['NaN', 'nan', 'inf', 'Infinity', '-1', '1e400', '', 'ten'];
const WHOLE = ['seed', 'num-workers', 'class-count', 'm', 'teacher-epochs', 'student-epochs', 'data-bsize', 'noise-bsize', 'noise-steps', 'perlin-res', 'eval-noise-batches', 'eval-noise-bsize'];
const PERTURBATIONS: [given: string, ...parts: string[]][] = [
  ['', '--perturb', 'target:layers'], ['student', '--perturb', 'target:layers', '"student"'], ['student:', 'perturbation 1', 'layers among fc1'], [':fc1', 'perturbation 1', 'teacher or student', '""'],
  ['tutor:fc1', 'teacher or student', '"tutor"'], ['student:fc9', 'layers among fc1, class_head, aux_head', '"fc9"'], ['student:fc1+fc9', '"fc9"'],
  ['student:fc1,std', '--perturb', 'key=value', '"std"'], ['student:fc1,stdev=1', '--perturb', 'std, sigma', '"stdev"'],
  ['student:fc1,std=-1', 'perturbation 1', 'std to be a finite number of at least 0', 'got -1'], ['student:fc1,std=nan', 'got "nan"'], ['student:fc1,sigma=inf', 'got "inf"'],
  ['student:fc1,std=', 'std to be', 'got ""'], ['student:fc1,std=1e999', 'got "1e999"'], ['student:fc1,timing=never', 'timing', 'before_teacher_training', '"never"'],
  ['student:fc1,include_weight=maybe', 'include_weight', 'true or false', '"maybe"'], ['student:fc1,distribution=cauchy', 'distribution', 'normal', '"cauchy"'],
];
const SPECIFIED: [given: string, ...parts: string[]][] = [
  ['5', '--perturb-spec', 'a JSON object or a list of objects', 'got 5'], ['[1]', 'got 1'], ['null', 'got null'], ['[[]]', 'got []'], ['{"std"', '--perturb-spec', 'JSON'],
  ['{"std":null}', 'std to be', 'got null'], ['{"std":[1]}', 'got [1]'], ['{"std":true}', 'got true'], ['{"std":1e999}', 'got Infinity'], ['[{},{"std":-0.5}]', 'perturbation 2', '-0.5'],
  ['{"layer":"fc1"}', 'layers', '"layer"'], ['{"layers":[]}', 'layers among', '[]'], ['{"layers":["fc1",3]}', '"3"'], ['{"include_bias":2}', 'include_bias', '2'],
];
const CONFIGURATIONS: [text: string, ...parts: string[]][] = [
  ['{"m": NaN}', '--config', 'expected JSON', 'NaN'], ['{\n  "m": 1,\n  "seed": NaN\n}', '--config', 'expected JSON'], ['{"m": 1', 'expected JSON'], ['', 'expected JSON'],
  ['[1]', 'a JSON object', '[1]'], ['null', 'a JSON object', 'null'], ['5', 'a JSON object', '5'], ['{"em": 1}', '--config', 'seed', 'got "em"'], ['{"__proto__": {"m": 1}}', '"__proto__"'],
  ['{"m": 1e999}', '--m', 'Infinity'], ['{"m": 1.5}', '--m', '1.5'], ['{"m": null}', '--m', 'null'], ['{"m": []}', '--m', '[]'], ['{"teacher_lr": 1e999}', '--teacher-lr', 'Infinity'],
  ['{"append_global": "yes"}', '--append-global', 'true or false', '"yes"'], ['{"teacher_init": 3}', '--teacher-init', '3'], ['{"perturb_specs": {"std": 1}}', '--perturb-specs', 'a list'],
  ['{"perturb_specs": [{"std": null}]}', 'std', 'null'], ['{"teacher_hidden_dims": [8, 1.5]}', '--teacher-hidden-dims', '1.5'], ['{"outdir": ""}', '--outdir', '""'],
];

describe('a command line is refused for', () => {
  it.each(USAGE)('%s', async (_, flags, parts) => {
    const bench = new Bench();
    expectRefusal(await bench.run(...flags), 2, ...parts);
    expect(bench.list('')).toEqual([]);
  });

  it.each(WHOLE)('--%s that is no whole number in its range', async (name) => {
    for (const value of [...NUMBERS, '1.5', '0x10', '99999999999999999999']) expectRefusal(await new Bench().run(`--${name}`, value), 2, `--${name}: expected a whole number`, `got "${value}"`);
  });

  it.each(['teacher-lr', 'student-lr'])('--%s that is no finite number of at least 0', async (name) => {
    for (const value of NUMBERS) expectRefusal(await new Bench().run(`--${name}`, value), 2, `--${name}: expected a finite number of at least 0, got "${value}"`);
  });

  it.each(PERTURBATIONS)('--perturb %j', async (given, ...parts) => {
    expectRefusal(await new Bench().run('--perturb', given), 2, ...parts);
    // What cannot run is not printed as a configuration either.
    expectRefusal(await new Bench().run('--perturb', given, '--print-config'), 2, ...parts);
  });

  it.each(SPECIFIED)('--perturb-spec %j', async (given, ...parts) => {
    expectRefusal(await new Bench().run('--perturb-spec', given), 2, ...parts);
  });

  it.each(CONFIGURATIONS)('a --config file with %j', async (text, ...parts) => {
    const path = join(scratchFolder(), 'config.json');
    writeFileSync(path, text);
    expectRefusal(await isolab('splithead', '--config', path), 2, ...parts);
  });

  it('a --config file that is missing, or a folder', async () => {
    const { folder } = new Bench();
    expectRefusal(await isolab('splithead', '--config', join(folder, 'none.json')), 2, '--config', join(folder, 'none.json'));
    expectRefusal(await isolab('splithead', '--config', folder), 2, '--config', folder);
  });

  it('an unknown command', async () => {
    expectRefusal(await isolab('bogus'), 2, "unknown command 'bogus'");
  });
});

describe('a run is refused for', () => {
  const IMAGES = 'emnist-letters-train-images-idx3-ubyte';
  const LABELS = 'emnist-letters-test-labels-idx1-ubyte';
  const damage: [what: string, spoil: (folder: string) => void, parts: string[]][] = [
    ['a missing folder', (folder) => rmSync(folder, { recursive: true }), ['emnist letters', IMAGES, 'isolab data fetch emnist']],
    ['a missing file', (folder) => rmSync(join(folder, LABELS)), [`all but ${LABELS}`]],
    ['a truncated file', (folder) => truncateSync(join(folder, IMAGES), 5000), [IMAGES]],
    ['an empty file', (folder) => truncateSync(join(folder, LABELS), 0), [LABELS]],
    ['a file of another kind', (folder) => writeFileSync(join(folder, IMAGES), 'hello, this is no IDX file'), [IMAGES, 'magic']],
    ['labels out of range', (folder) => writeFileSync(join(folder, LABELS), readFileSync(join(folder, LABELS)).fill(200, 8)), [LABELS, '200']],
    ['a truncated gz file', (folder) => {
      writeFileSync(join(folder, `${IMAGES}.gz`), gzipSync(readFileSync(join(folder, IMAGES))).subarray(0, 3000));
      rmSync(join(folder, IMAGES));
    }, [`${IMAGES}.gz`]],
    ['a corrupt gz file', (folder) => {
      const packed = gzipSync(readFileSync(join(folder, IMAGES)));
      packed[2000]! ^= 255;
      writeFileSync(join(folder, `${IMAGES}.gz`), packed);
      rmSync(join(folder, IMAGES));
    }, [`${IMAGES}.gz`]],
  ];

  it.each(damage)('%s', async (_, spoil, parts) => {
    const bench = new Bench();
    spoil(bench.data);
    expectRefusal(await bench.run(), 1, 'expected', ...parts);
    expect(bench.list('')).toEqual([]);
  });

  it('MNIST that is not the official file', async () => {
    const bench = new Bench();
    const data = join(bench.folder, 'mnist');
    mkdirSync(data);
    for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) {
      const from = name.replace('t10k', 'test').replace(/^/, 'emnist-letters-');
      writeFileSync(join(data, name), readFileSync(join(bench.data, from)));
    }
    expectRefusal(await bench.run('--dataset', 'mnist', '--data-dir', data), 1, 'train-images-idx3-ubyte', 'expected the official mnist file');
  });

  it('a file, or a place under one, where the outputs should be', async () => {
    const bench = new Bench();
    const file = join(bench.folder, 'file');
    writeFileSync(file, 'kept');
    for (const outdir of [file, join(file, 'below')]) expectRefusal(await bench.run('--outdir', outdir), 1, '--outdir: expected a folder that can be written', outdir);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it.runIf(existsSync('/proc/self'))('a place that nobody can write', async () => {
    expectRefusal(await new Bench().run('--outdir', '/proc/isolab'), 1, '--outdir: expected a folder that can be written', '/proc/isolab');
  });

  it('a folder where a table should be', async () => {
    const bench = new Bench();
    mkdirSync(join(bench.out, 'seed_000042/runs.csv'), { recursive: true });
    expectRefusal(await bench.run(), 1, 'runs.csv', 'expected a file, got a folder');
    expect(bench.list()).toEqual(['runs.csv']);
  });

  it('tensors that no memory holds', async () => {
    const bench = new Bench();
    expectRefusal(await bench.run('--m', '1000000000'), 1, 'teacher.aux_head.weight [1000000000, 8] float32: needs 32000000000 bytes');
    expectRefusal(await bench.run('--noise-bsize', '2000000000'), 1, 'noise images [2000000000, 784]: needs 6272000000000 bytes');
    expectRefusal(await bench.run('--noise-dist', 'perlin', '--perlin-res', '10000000'), 1, 'Perlin grid [16, 10000001, 10000001]: needs 6400001280000064 bytes');
    expectRefusal(await bench.run('--teacher-hidden-dims', '9007199254740991'), 1, 'teacher.fc1.weight [9007199254740991, 784] float32: needs');
    expect(bench.list()).toEqual([]);
  });

  it('fused on an engine without relaxed SIMD, saying what to do', async () => {
    const bench = new Bench();
    const outcome = await bench.run('--profile', 'fused');
    const major = Number(process.versions.node.split('.')[0]);
    if (major >= 22) expect(outcome.code).toBe(0);
    else {
      expectRefusal(outcome, 1, "profile 'fused' needs WebAssembly relaxed SIMD", 'Node 22', '--experimental-wasm-relaxed-simd');
      expect(bench.list('')).toEqual([]);
    }
  });
});

describe('a full disk', () => {
  /** A file system of so many KiB, where mounting is allowed. */
  const mount = (path: string, kilobytes: number): boolean => {
    mkdirSync(path, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path], { stdio: 'ignore' });
    } catch {
      return false;
    }
    onTestFinished(() => void execFileSync('umount', ['-l', path]));
    return true;
  };

  it('ends with one sentence; earlier rows stay as they were and nothing else does', async (context) => {
    const bench = new Bench();
    if (!mount(bench.out, 64)) context.skip('mounting a tmpfs is not allowed here; test/outputs tries every cut with a disk in memory');
    await bench.summary('--checkpoint-every', '0');
    const first = bench.read('runs.csv')!;
    writeFileSync(join(bench.out, 'ballast'), new Uint8Array(64 * 1024 - 24 * 1024));
    let refusals = 0;
    for (const label of ['a', 'b', 'c', 'd', 'e']) {
      const held = Object.fromEntries(bench.list().map((name) => [name, bench.read(name)]));
      const outcome = await bench.run('--checkpoint-every', '0', '--run-label', label);
      if (outcome.code === 0) continue;
      refusals++;
      expectRefusal(outcome, 1, `${bench.out}/seed_000042: expected to write run`, 'no space left', 'no row of it was kept');
      expect(Object.fromEntries(bench.list().map((name) => [name, bench.read(name)]))).toEqual(held);
    }
    expect(refusals).toBeGreaterThan(0);
    expect(bench.read('runs.csv')!.startsWith(first)).toBe(true);
  });

  it('while a checkpoint is written leaves no half of one', async (context) => {
    const bench = new Bench();
    if (!mount(bench.out, 32)) context.skip('mounting a tmpfs is not allowed here; test/outputs tries every cut with a disk in memory');
    const child = await startCli(bench.flags('--checkpoint-every', '1'));
    expectRefusal(await child.ended, 1, 'checkpoint_', 'expected to write', 'no space left');
    expect(bench.list()).toEqual([]);
  });
});
