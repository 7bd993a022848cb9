import { instantiate } from '@assemblyscript/loader';
import type { Kernels } from './generated/kernels.js';
import { Memory, type Pointer } from './memory.js';

/** `strict`: the same bits on every machine. `fused`: hardware multiply-add, the same bits on every machine that has it. */
export type Profile = 'strict' | 'fused';

/** An opened core: the kernels, the memory they work on, and what identifies their arithmetic. */
export class Core {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly profile: Profile;
  /** SHA-256 of the .wasm, hexadecimal. */
  readonly wasmHash: string;
  #scratch: { pointer: Pointer; bytes: number } | undefined;

  constructor(kernels: Kernels, memory: Memory, profile: Profile, wasmHash: string) {
    this.kernels = kernels;
    this.memory = memory;
    this.profile = profile;
    this.wasmHash = wasmHash;
  }

  /** Working space for one kernel call: its contents last until the next call of this method. */
  scratch(bytes: number, what: string): Pointer {
    if (this.#scratch !== undefined && this.#scratch.bytes >= bytes) return this.#scratch.pointer;
    if (this.#scratch !== undefined) this.memory.free(this.#scratch.pointer);
    this.#scratch = undefined;
    this.#scratch = { pointer: this.memory.allocate(bytes, `${what}: scratch`), bytes };
    return this.#scratch.pointer;
  }
}

export interface CoreOptions {
  /** Default `strict`. */
  profile?: Profile;
  /** Bound on the core's memory; default and most: 4 GiB. */
  maximumBytes?: number;
}

const PAGE = 65_536;
const MOST_BYTES = 65_536 * PAGE;

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function loadBuild(profile: Profile) {
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

/** True when relaxed multiply-add rounds once here (every arm64, x86 since 2013). */
function multiplyAddIsFused(kernels: Kernels): boolean {
  const a = 1 + 1 / 4096;
  return kernels.probe_multiply_add_f32(a, a, -(1 + 1 / 2048)) === 1 / 16_777_216;
}

/**
 * Compiles and instantiates one build of the core over a memory of its own.
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add
 */
export async function openCore(options: CoreOptions = {}): Promise<Core> {
  const profile = options.profile ?? 'strict';
  if (profile !== 'strict' && profile !== 'fused') {
    throw new TypeError(`profile: expected 'strict' or 'fused', got ${JSON.stringify(profile)}`);
  }
  const maximumBytes = Math.min(options.maximumBytes ?? MOST_BYTES, MOST_BYTES);
  if (!(maximumBytes >= 16 * PAGE)) {
    throw new RangeError(`maximumBytes: expected at least ${16 * PAGE}, got ${options.maximumBytes}`);
  }
  const build = await loadBuild(profile);
  const module = await compile(profile, decodeBase64(build.base64));
  const wasm = new WebAssembly.Memory({ initial: 16, maximum: Math.floor(maximumBytes / PAGE) });
  // The loader's own `exports` wrap every call; kernels take numbers only, so the plain ones serve.
  const { instance } = await instantiate(module, { env: { memory: wasm } });
  const kernels = instance.exports as unknown as Kernels;
  if (profile === 'fused' && !multiplyAddIsFused(kernels)) {
    throw new Error("profile 'fused' needs a CPU with hardware multiply-add, and the probe found none: use profile 'strict'");
  }
  const memory = new Memory(wasm, kernels.probe_heap_base(), maximumBytes);
  return new Core(kernels, memory, profile, build.sha256);
}
