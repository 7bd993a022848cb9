// Builds the core: assembly/*.ts -> WebAssembly modules of two profiles (strict, fused) and two sets of kernels (core: index.ts,
// all: all.ts). Each is embedded in src/core/generated/ (deflated, as base64), so that no runtime needs a file or a fetch, and
// lies as the same bytes in dist/isolab-PROFILE[-all].wasm for runtimes that only take modules from their bundler.
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
import { deflateRawSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const generated = join(root, 'src/core/generated');
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);
const run = promisify(execFile);
const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js');
const wasmOpt = join(dirname(require.resolve('binaryen/package.json')), 'bin/wasm-opt');

const FEATURES = ['--enable-simd', '--enable-bulk-memory', '--enable-nontrapping-float-to-int', '--enable-sign-ext', '--enable-mutable-globals'];

/** Entry and name of each set of kernels. */
const SETS = { core: { entry: 'assembly/index.ts', suffix: '' }, all: { entry: 'assembly/all.ts', suffix: '-all' } };

async function buildModule(profile, set, folder) {
  const { entry, suffix } = SETS[set];
  const name = `${profile}${suffix}`;
  const raw = join(folder, `${name}.raw.wasm`);
  const optimised = join(folder, `${name}.wasm`);
  await run(process.execPath, [asc, entry, '--config', join(root, 'asconfig.json'), '--target', profile, '--outFile', raw], { cwd: root });
  const features = profile === 'fused' ? [...FEATURES, '--enable-relaxed-simd'] : FEATURES;
  await run(process.execPath, [wasmOpt, ...features, '-O3', '--converge', '--strip-debug', '--strip-producers', raw, '-o', optimised]);
  return { profile, set, name, ...identified(name, await readFile(optimised)), declarations: await readFile(join(folder, `${name}.raw.d.ts`), 'utf8') };
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** An unsigned LEB128 number, as WebAssembly writes lengths. */
function leb128(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

const sized = (bytes) => Buffer.concat([leb128(bytes.length), bytes]);

/**
 * Appends the custom section `isolab`: a compiled module cannot be hashed, but its sections can be read. The
 * section holds the module's name and the hash of the bytes before it; src/core/generated/identity.ts maps that to the
 * hash of the whole file.
 */
function identified(name, bytes) {
  const mark = `${name} ${sha256(bytes)}`;
  const section = Buffer.concat([Buffer.from([0]), sized(Buffer.concat([sized(Buffer.from('isolab')), Buffer.from(mark)]))]);
  const whole = Buffer.concat([bytes, section]);
  return { mark, bytes: whole, sha256: sha256(whole) };
}

function embed({ name, bytes }) {
  return `// Made by assembly/build.mjs from assembly/: the ${name} build, ${bytes.length} bytes, deflated.
export const size = ${bytes.length};
export const deflated = '${deflateRawSync(bytes, { level: 9 }).toString('base64')}';
`;
}

function identities(builds) {
  const rows = builds.map(({ profile, set, mark, sha256 }) => `  { profile: '${profile}', kernels: '${set}', mark: '${mark}', sha256: '${sha256}' },`);
  return `// Made by assembly/build.mjs: this version's builds. The mark is their custom section, the hash that of the whole .wasm.
export const identities = [
${rows.join('\n')}
] as const;
`;
}

const MODULE_TYPES = `/** A build of the core, as the bundlers of edge runtimes import it. */
declare const module: WebAssembly.Module;
export default module;
`;

/** Names and types of asc's declarations of the raw exports. */
function exportsOf(declarations) {
  return [...declarations.matchAll(/export function (\w+)\(([^)]*)\): (\w+);/g)];
}

// asc's declarations, narrowed to one interface of plain functions.
function kernelTypes({ core, all }) {
  const functions = exportsOf(all).map(
    ([, name, parameters, result]) => `  ${name}(${parameters.replace(/: (?:bigint|number|boolean)/g, (type) => type)}): ${result};`,
  );
  const small = new Set(exportsOf(core).map(([, name]) => name));
  const more = exportsOf(all).map(([, name]) => name).filter((name) => !small.has(name));
  const families = [...new Set(more.map((name) => name.replace(/_f(32|64)$/, '')))];
  return `// Made by assembly/build.mjs: the functions that the builds of the core export.
export interface Kernels {
${functions.join('\n')}
}

/** Those that only the builds with all kernels have, without the _f32 or _f64 at their names' end. */
export const onlyInAll: readonly string[] = [
${families.map((name) => `  '${name}',`).join('\n')}
];
`;
}

const folder = await mkdtemp(join(tmpdir(), 'isolab-core-'));
try {
  await mkdir(generated, { recursive: true });
  await mkdir(dist, { recursive: true });
  const builds = await Promise.all(['core', 'all'].flatMap((set) => ['strict', 'fused'].map((profile) => buildModule(profile, set, folder))));
  for (const build of builds) {
    await writeFile(join(generated, `${build.name}.ts`), embed(build));
    await writeFile(join(dist, `isolab-${build.name}.wasm`), build.bytes);
  }
  await writeFile(join(generated, 'identity.ts'), identities(builds));
  await writeFile(join(generated, 'kernels.ts'), kernelTypes({ core: builds[0].declarations, all: builds[2].declarations }));
  await writeFile(join(dist, 'isolab-wasm.d.ts'), MODULE_TYPES);
  console.log(`core: ${builds.map(({ name, bytes }) => `${name} ${bytes.length} bytes`).join(', ')}`);
} catch (error) {
  console.error(error.stderr || error.stdout || error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
