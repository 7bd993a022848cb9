import type { BuildSource, Profile } from './build.js';
import type { Kernels } from './generated/kernels.js';
import { Memory, type Pointer } from './memory.js';

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
  /** Default `strict`, or that of a `module` handed in. */
  profile?: Profile;
  /** Bound on the core's memory; default and most: 4 GiB. */
  maximumBytes?: number;
}

const PAGE = 65_536;
const MOST_BYTES = 65_536 * PAGE;

/** True when relaxed multiply-add rounds once here (every arm64, x86 since 2013). */
function multiplyAddIsFused(kernels: Kernels): boolean {
  const a = 1 + 1 / 4096;
  return kernels.probe_multiply_add_f32(a, a, -(1 + 1 / 2048)) === 1 / 16_777_216;
}

/**
 * Instantiates one build of the core over a memory of its own.
 * @param source gives the compiled module; this file knows no bytes, so that a bundle which is given a module has none
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add
 */
export async function openCoreFrom(source: BuildSource, options: CoreOptions = {}): Promise<Core> {
  const { profile: wanted } = options;
  if (wanted !== undefined && wanted !== 'strict' && wanted !== 'fused') {
    throw new TypeError(`profile: expected 'strict' or 'fused', got ${JSON.stringify(wanted)}`);
  }
  const maximumBytes = Math.min(options.maximumBytes ?? MOST_BYTES, MOST_BYTES);
  if (!(maximumBytes >= 16 * PAGE)) {
    throw new RangeError(`maximumBytes: expected at least ${16 * PAGE}, got ${options.maximumBytes}`);
  }
  const { profile, sha256, module } = await source(wanted);
  const wasm = new WebAssembly.Memory({ initial: 16, maximum: Math.floor(maximumBytes / PAGE) });
  // Kernels take numbers only and import nothing but memory, so they need no glue.
  const instance = await WebAssembly.instantiate(module, { env: { memory: wasm } });
  const kernels = instance.exports as unknown as Kernels;
  if (profile === 'fused' && !multiplyAddIsFused(kernels)) {
    throw new Error("profile 'fused' needs a CPU with hardware multiply-add, and the probe found none: use profile 'strict'");
  }
  const memory = new Memory(wasm, kernels.probe_heap_base(), maximumBytes);
  return new Core(kernels, memory, profile, sha256);
}
