// The CLI as a test calls it: in this process, or as a child that can be killed; and a dataset small enough for either.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { main } from '../../src/cli/main.js';
import { nodeRuntime, packagedMnistFolder } from '../../src/runtime/node.js';
import type { Runtime } from '../../src/runtime/runtime.js';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder of its own for one test, removed at its end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'isolab-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Node's runtime without threads: they start from built files, and these tests run the sources. */
export function sourceRuntime(): Runtime {
  return { ...nodeRuntime(), startThread: undefined, availableThreads: () => 1 };
}

/** Runs one command line in this process. */
export async function isolab(...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  outcome.code = await main(argv, {
    runtime: sourceRuntime(),
    stdout: (text) => void (outcome.stdout += text),
    stderr: (text) => void (outcome.stderr += text),
    isTerminal: false,
    cacheDir: '/nonexistent',
    packagedMnistDir: packagedMnistFolder(),
  });
  return outcome;
}

function idx(magic: number, extents: number[], values: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * extents.length));
  head.setUint32(0, magic);
  extents.forEach((extent, index) => head.setUint32(4 + 4 * index, extent));
  return Buffer.concat([new Uint8Array(head.buffer), values]);
}

const TRAIN = 96;
const TEST = 40;

/** EMNIST letters in the official format with 96 + 40 images of four letters: a class is a bright row, under noise. */
export function writeSmallEmnist(folder: string): string {
  mkdirSync(folder, { recursive: true });
  let state = 12345;
  const noise = () => (state = (state * 1103515245 + 12345) % 2147483648) % 64;
  for (const [part, count] of [['train', TRAIN], ['test', TEST]] as const) {
    const labels = Uint8Array.from({ length: count }, (_, index) => 1 + (index % 4));
    const images = Uint8Array.from({ length: count * 784 }, (_, at) => noise() + (Math.floor((at % 784) / 28) === 5 * labels[Math.floor(at / 784)]! ? 180 : 0));
    writeFileSync(join(folder, `emnist-letters-${part}-images-idx3-ubyte`), idx(0x803, [count, 28, 28], images));
    writeFileSync(join(folder, `emnist-letters-${part}-labels-idx1-ubyte`), idx(0x801, [count], labels));
  }
  return folder;
}

const BRIEF = {
  '--dataset': 'emnist', '--emnist-split': 'letters', '--class-count': '4', '--teacher-epochs': '1', '--student-epochs': '1', '--noise-steps': '3', '--noise-bsize': '16',
  '--eval-noise-batches': '1', '--eval-noise-bsize': '16', '--data-bsize': '32', '--teacher-hidden-dims': '8', '--student-hidden-dims': '8',
};

/** A folder with the small dataset, and how a run on it is written down. */
export class Bench {
  readonly folder = scratchFolder();
  readonly data = writeSmallEmnist(join(this.folder, 'data'));
  readonly out = join(this.folder, 'out');

  /** `splithead` and flags of a run of a few milliseconds; those given come after, and so override. */
  flags(...more: string[]): string[] {
    return ['splithead', '--data-dir', this.data, '--outdir', this.out, ...Object.entries(BRIEF).flat(), ...more];
  }

  run(...more: string[]): Promise<Outcome> {
    return isolab(...this.flags(...more));
  }

  /** Runs and gives the summary. @throws Error with stderr when the exit code is not 0 */
  async summary(...more: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await this.run('--json', ...more);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** Text of an output file of seed 42 (or another folder), undefined where there is none. */
  read(file: string, seed = 'seed_000042'): string | undefined {
    const path = join(this.out, seed, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Names in a folder below the outputs, hidden ones too. */
  list(folder = 'seed_000042'): string[] {
    const path = join(this.out, folder);
    return existsSync(path) ? readdirSync(path).sort() : [];
  }
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourceFiles(path) : path.endsWith('.ts') ? [path] : [];
  });
}

/** The program as it stands, compiled aside: `dist/` may be older than the sources. Kept for the next call. */
export async function builtCli(): Promise<string> {
  const sources = sourceFiles(join(repository, 'src')).sort();
  const hash = createHash('sha256');
  for (const path of sources) hash.update(path).update(readFileSync(path));
  const home = join(tmpdir(), `isolab-built-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(home)) {
    const { default: typescript } = await import('typescript');
    const building = mkdtempSync(join(tmpdir(), 'isolab-building-'));
    const compilerOptions = { target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext, verbatimModuleSyntax: true };
    for (const path of sources) {
      const target = join(building, 'dist', path.slice(join(repository, 'src').length)).replace(/\.ts$/, '.js');
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, typescript.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText);
    }
    writeFileSync(join(building, 'package.json'), readFileSync(join(repository, 'package.json')));
    symlinkSync(join(repository, 'node_modules'), join(building, 'node_modules'));
    try {
      renameSync(building, home);
    } catch {
      // Another test file was faster.
      rmSync(building, { recursive: true, force: true });
    }
  }
  return join(home, 'dist/cli/bin.js');
}

export interface Child {
  process: ChildProcess;
  ended: Promise<Outcome & { signal: string | null }>;
}

/** Starts the CLI as a process of its own. */
export async function startCli(argv: readonly string[], { cwd = repository, env = {} as Record<string, string>, nodeFlags = [] as string[] } = {}): Promise<Child> {
  const bin = await builtCli();
  const child = spawn(process.execPath, [...nodeFlags, bin, ...argv], { cwd, env: { ...process.env, ISOLAB_CACHE: '/nonexistent', ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  child.stderr.on('data', (bytes) => (stderr += bytes));
  const ended = new Promise<Outcome & { signal: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, ended };
}
