// The builds that the package carries as text, for runtimes that may compile bytes.
import { inflateSync } from 'fflate';
import { identifyBuild, moduleSource, type Build, type KernelSet, type Profile, type WantedBuild } from './build.js';
import { openCoreFrom, type Core, type CoreOptions } from './core.js';
import { declareMemoryShared } from './threads/shared-build.js';

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function loadText(profile: Profile, kernels: KernelSet): Promise<{ size: number; deflated: string }> {
  if (kernels === 'all') return profile === 'fused' ? import('./generated/fused-all.js') : import('./generated/strict-all.js');
  return profile === 'fused' ? import('./generated/fused.js') : import('./generated/strict.js');
}

async function compile(profile: Profile, bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    if (profile === 'strict') {
      throw new Error(`this engine cannot compile the core: expected WebAssembly with SIMD (Node 20+, any browser since 2023): ${(error as Error).message}`);
    }
    throw new Error(
      "profile 'fused' needs WebAssembly relaxed SIMD, which this engine lacks: use Node 22 or later, " +
        "or Node 20 with --experimental-wasm-relaxed-simd, or profile 'strict'",
    );
  }
}

/** Modules by profile and kernels, for either kind of memory: compiling takes longer than all else in opening a core. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function unpack(profile: Profile, kernels: KernelSet, shared: boolean): Promise<WebAssembly.Module> {
  const { size, deflated } = await loadText(profile, kernels);
  // Not DecompressionStream: Node 20.0 to 20.11 and older Bun lack it for raw deflate.
  const bytes = inflateSync(decodeBase64(deflated), { out: new Uint8Array(size) }) as Uint8Array<ArrayBuffer>;
  return compile(profile, shared ? declareMemoryShared(bytes) : bytes);
}

/**
 * Unpacks and compiles an embedded build, for a memory of one thread or one that threads share.
 * @throws Error when the engine lacks SIMD, or for `fused` relaxed SIMD
 */
export async function embeddedBuild({ profile = 'strict', kernels = 'core' }: WantedBuild = {}, shared = false): Promise<Build> {
  const key = `${profile} ${kernels} ${shared}`;
  const module = compiled.get(key) ?? unpack(profile, kernels, shared);
  compiled.set(key, module);
  return identifyBuild(await module, { profile, kernels });
}

export interface EmbeddedCoreOptions extends CoreOptions {
  /** A build that is compiled already, such as the import of `isolab/strict.wasm`, for one thread; default: the embedded one. */
  module?: WebAssembly.Module;
}

/**
 * Opens one build of the core over a memory of its own.
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add, or when a
 *   thread does not start; RangeError or TypeError for options out of range or a `module` that is no build of this version
 */
export async function openCore({ module, ...options }: EmbeddedCoreOptions = {}): Promise<Core> {
  return openCoreFrom(module === undefined ? embeddedBuild : moduleSource(module), options);
}
