import { instantiate } from '@assemblyscript/loader';
import type { Kernels } from './generated/kernels.js';
import { Memory, type Pointer } from './memory.js';
import { CONTROL_BYTES } from './threads/control.js';
import { Pool, type StartThread } from './threads/pool.js';
import { declareMemoryShared } from './threads/shared-build.js';
import { threadedKernels } from './threads/threaded-kernels.js';

/** `strict`: the same bits on every machine. `fused`: hardware multiply-add, the same bits on every machine that has it. */
export type Profile = 'strict' | 'fused';

/** An opened core: the kernels, the memory they work on, and what identifies their arithmetic. */
export class Core {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly profile: Profile;
  /** SHA-256 of the .wasm, hexadecimal. */
  readonly wasmHash: string;
  /** Why fewer threads compute than were asked for, where that is so. */
  readonly threadsNote: string | undefined;
  readonly #pool: Pool | undefined;
  #scratch: { pointer: Pointer; bytes: number } | undefined;

  constructor(kernels: Kernels, memory: Memory, identity: { profile: Profile; wasmHash: string }, pool?: Pool, threadsNote?: string) {
    this.kernels = pool === undefined ? kernels : threadedKernels(kernels, pool);
    this.memory = memory;
    this.profile = identity.profile;
    this.wasmHash = identity.wasmHash;
    this.threadsNote = threadsNote;
    this.#pool = pool;
  }

  /** Threads that compute, the caller's among them. They change no bit. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Ends the threads; nothing may be computed afterwards. A core of one thread needs no closing. */
  async close(): Promise<void> {
    await this.#pool?.close();
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
  /**
   * Threads that compute, from 1 (default) to 256. More than one needs `startThread`, and memory that threads can
   * share; where the engine offers none (a page that is not cross-origin isolated), one thread computes the same bits
   * and `core.threadsNote` says why.
   */
  threads?: number;
  /** Starts a thread: `startThread` of `isolab/node` or `isolab/browser`. */
  startThread?: StartThread;
}

const PAGE = 65_536;
const MOST_BYTES = 65_536 * PAGE;
const MOST_THREADS = 256;

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function loadBuild(profile: Profile) {
  return profile === 'fused' ? import('./generated/fused.js') : import('./generated/strict.js');
}

/** Modules by profile, for either kind of memory: compiling takes longer than all else in opening a core. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

function compileOnce(profile: Profile, base64: string, shared: boolean): Promise<WebAssembly.Module> {
  const key = `${profile} ${shared}`;
  const bytes = () => (shared ? declareMemoryShared(decodeBase64(base64)) : decodeBase64(base64));
  const module = compiled.get(key) ?? compile(profile, bytes());
  compiled.set(key, module);
  return module;
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

function whyNoThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') return 'this page is not cross-origin isolated, so its threads cannot share memory';
  try {
    // Comes back at once where waiting is allowed, since 0 is not 1.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return undefined;
  } catch {
    return "a page's own thread may not wait for others, only a worker may";
  }
}

/** Threads to start, and why not all that were asked for. */
function planThreads({ threads = 1, startThread }: CoreOptions): { threads: number; note?: string } {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new RangeError(`threads: expected a whole number from 1 to ${MOST_THREADS}, got ${threads}`);
  }
  if (threads === 1) return { threads };
  const note = whyNoThreads();
  if (note !== undefined) return { threads: 1, note: `${note}: one thread computes, with the same bits` };
  if (startThread === undefined) throw new TypeError('threads: expected startThread of isolab/node or isolab/browser with more than one thread, got none');
  return { threads };
}

function checkOptions(options: CoreOptions): { profile: Profile; maximumBytes: number } {
  const profile = options.profile ?? 'strict';
  if (profile !== 'strict' && profile !== 'fused') {
    throw new TypeError(`profile: expected 'strict' or 'fused', got ${JSON.stringify(profile)}`);
  }
  const maximumBytes = Math.min(options.maximumBytes ?? MOST_BYTES, MOST_BYTES);
  if (!(maximumBytes >= 16 * PAGE)) {
    throw new RangeError(`maximumBytes: expected at least ${16 * PAGE}, got ${options.maximumBytes}`);
  }
  return { profile, maximumBytes };
}

/**
 * Compiles and instantiates one build of the core over a memory of its own, and starts its threads.
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add, or when a
 *   thread does not start; RangeError or TypeError for options out of range
 */
export async function openCore(options: CoreOptions = {}): Promise<Core> {
  const { profile, maximumBytes } = checkOptions(options);
  const { threads, note } = planThreads(options);
  const build = await loadBuild(profile);
  const shared = threads > 1;
  const module = await compileOnce(profile, build.base64, shared);
  const wasm = new WebAssembly.Memory({ initial: 16, maximum: Math.floor(maximumBytes / PAGE), shared });
  // The loader's own `exports` wrap every call; kernels take numbers only, so the plain ones serve.
  const { instance } = await instantiate(module, { env: { memory: wasm } });
  const kernels = instance.exports as unknown as Kernels;
  if (profile === 'fused' && !multiplyAddIsFused(kernels)) {
    throw new Error("profile 'fused' needs a CPU with hardware multiply-add, and the probe found none: use profile 'strict'");
  }
  const memory = new Memory(wasm, kernels.probe_heap_base(), maximumBytes);
  const identity = { profile, wasmHash: build.sha256 };
  if (!shared) return new Core(kernels, memory, identity, undefined, note);
  const control = memory.allocate(CONTROL_BYTES, 'thread control');
  const pool = new Pool(kernels, wasm, control, threads);
  await pool.start(options.startThread!, { module, memory: wasm, control });
  return new Core(kernels, memory, identity, pool);
}
