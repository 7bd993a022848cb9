// The builds that the package carries as text, for runtimes that may compile bytes.
import { inflateSync } from 'fflate';
import { identifyBuild, type Build, type Profile } from './build.js';
import { openCoreFrom, type Core, type CoreOptions } from './core.js';

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function loadText(profile: Profile): Promise<{ size: number; deflated: string }> {
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

/**
 * Unpacks and compiles an embedded build.
 * @throws Error when the engine lacks SIMD, or for `fused` relaxed SIMD
 */
export async function embeddedBuild(profile: Profile = 'strict'): Promise<Build> {
  const { size, deflated } = await loadText(profile);
  // Not DecompressionStream: Node 20.0 to 20.11 and older Bun lack it for raw deflate.
  const bytes = inflateSync(decodeBase64(deflated), { out: new Uint8Array(size) }) as Uint8Array<ArrayBuffer>;
  return identifyBuild(await compile(profile, bytes), profile);
}

export interface EmbeddedCoreOptions extends CoreOptions {
  /** A build that is compiled already, such as the import of `isolab/strict.wasm`; default: the embedded one. */
  module?: WebAssembly.Module;
}

/**
 * Opens one build of the core over a memory of its own.
 * @throws TypeError for an unknown profile, or a `module` that is no build of this version
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add
 */
export async function openCore({ module, ...options }: EmbeddedCoreOptions = {}): Promise<Core> {
  return openCoreFrom(module === undefined ? embeddedBuild : async (profile) => identifyBuild(module, profile), options);
}
