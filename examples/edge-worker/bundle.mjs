// Makes bundle/ for config.capnp: node examples/edge-worker/bundle.mjs
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const input = fileURLToPath(new URL('worker.ts', import.meta.url));
/**
 * One ES module, and the core's build beside it: edge runtimes take code and compiled modules from their bundler only.
 * @param folder where config.capnp looks for them
 */
export async function bundleWorker(folder = new URL('bundle/', import.meta.url)) {
  const build = await rolldown({ input, platform: 'browser', external: [/\.wasm$/, /\.safetensors$/], tsconfig: false, logLevel: 'warn' });
  await mkdir(folder, { recursive: true });
  const file = fileURLToPath(new URL('worker.js', folder));
  await build.write({ file, format: 'esm' });
  await copyFile(createRequire(import.meta.url).resolve('isolab/strict.wasm'), new URL('isolab-strict.wasm', folder));
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await bundleWorker());
