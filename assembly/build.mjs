// Builds the core: assembly/*.ts -> two WebAssembly modules (strict, fused) with identical exports,
// embedded as base64 in src/core/generated/ so that no runtime needs a file or a fetch.
//
// asc runs without its optimiser, because `asc -O` sets Binaryen's fast-math flag, which allows
// floats to be reassociated. Binaryen's own wasm-opt then optimises without fast-math.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const generated = join(root, 'src/core/generated');
const require = createRequire(import.meta.url);
const run = promisify(execFile);
const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js');
const wasmOpt = join(dirname(require.resolve('binaryen/package.json')), 'bin/wasm-opt');

const FEATURES = ['--enable-simd', '--enable-bulk-memory', '--enable-nontrapping-float-to-int', '--enable-sign-ext', '--enable-mutable-globals'];

async function buildProfile(profile, folder) {
  const raw = join(folder, `${profile}.raw.wasm`);
  const optimised = join(folder, `${profile}.wasm`);
  await run(process.execPath, [asc, '--config', join(root, 'asconfig.json'), '--target', profile, '--outFile', raw], { cwd: root });
  const features = profile === 'fused' ? [...FEATURES, '--enable-relaxed-simd'] : FEATURES;
  await run(process.execPath, [wasmOpt, ...features, '-O4', '--strip-debug', '--strip-producers', raw, '-o', optimised]);
  return { bytes: await readFile(optimised), declarations: await readFile(join(folder, `${profile}.raw.d.ts`), 'utf8') };
}

function embed(profile, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return `// Made by assembly/build.mjs from assembly/. ${bytes.length} bytes.
export const profile = '${profile}';
export const sha256 = '${hash}';
export const base64 = '${bytes.toString('base64')}';
`;
}

// asc's declarations of the raw exports, narrowed to one interface of plain functions.
function kernelTypes(declarations) {
  const functions = [...declarations.matchAll(/export function (\w+)\(([^)]*)\): (\w+);/g)].map(
    ([, name, parameters, result]) => `  ${name}(${parameters.replace(/: (?:bigint|number|boolean)/g, (type) => type)}): ${result};`,
  );
  return `// Made by assembly/build.mjs: the functions that both builds of the core export.
export interface Kernels {
${functions.join('\n')}
}
`;
}

const folder = await mkdtemp(join(tmpdir(), 'isolab-core-'));
try {
  await mkdir(generated, { recursive: true });
  const [strict, fused] = await Promise.all(['strict', 'fused'].map((profile) => buildProfile(profile, folder)));
  await writeFile(join(generated, 'strict.ts'), embed('strict', strict.bytes));
  await writeFile(join(generated, 'fused.ts'), embed('fused', fused.bytes));
  await writeFile(join(generated, 'kernels.ts'), kernelTypes(strict.declarations));
  console.log(`core: strict ${strict.bytes.length} bytes, fused ${fused.bytes.length} bytes`);
} catch (error) {
  console.error(error.stderr || error.stdout || error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
