import type { BuildSource, KernelSet, Profile } from './build.js';
import { onlyInAll, type Kernels } from './generated/kernels.js';
import { Memory, type Pointer } from './memory.js';
import { CONTROL_BYTES } from './threads/control.js';
import { Pool, type StartThread } from './threads/pool.js';
import { threadedKernels } from './threads/threaded-kernels.js';

/** An opened core: the kernels, the memory they work on, and what identifies their arithmetic. */
export class Core {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly profile: Profile;
  readonly kernelSet: KernelSet;
  /** SHA-256 of the .wasm, hexadecimal. */
  readonly wasmHash: string;
  /** Why fewer threads compute than were asked for, where that is so. */
  readonly threadsNote: string | undefined;
  readonly #pool: Pool | undefined;
  #scratch: { pointer: Pointer; bytes: number } | undefined;

  constructor(kernels: Kernels, memory: Memory, identity: { profile: Profile; kernelSet: KernelSet; wasmHash: string }, pool?: Pool, threadsNote?: string) {
    const shared = pool === undefined ? kernels : threadedKernels(kernels, pool);
    this.kernels = identity.kernelSet === 'all' ? shared : withoutOthers(shared);
    this.memory = memory;
    this.profile = identity.profile;
    this.kernelSet = identity.kernelSet;
    this.wasmHash = identity.wasmHash;
    this.threadsNote = threadsNote;
    this.#pool = pool;
  }

  /** Threads that compute, the caller's among them. They change no bit. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Resolves when all threads are up; until then those that are do the work. @throws Error when one did not start */
  async threadsReady(): Promise<void> {
    await this.#pool?.ready();
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
  /** Default `strict`, or that of a `module` handed in. */
  profile?: Profile;
  /** `core` (default, or what a `module` handed in has) is less to download; moments through networks and robust aggregation need `all`. */
  kernels?: KernelSet;
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
/** Threads beyond which the experiments' layers have too few parts to share. */
const MOST_AUTOMATIC = 8;

/** How many threads to take where nobody said: one per processor, at most 8. */
export function automaticThreads(available: number): number {
  return Math.max(1, Math.min(MOST_AUTOMATIC, available));
}

/** True when relaxed multiply-add rounds once here (every arm64, x86 since 2013). */
function multiplyAddIsFused(kernels: Kernels): boolean {
  const a = 1 + 1 / 4096;
  return kernels.probe_multiply_add_f32(a, a, -(1 + 1 / 2048)) === 1 / 16_777_216;
}

/** The core's kernels, and in the places of the others what says where they are. */
function withoutOthers(kernels: Kernels): Kernels {
  const missing = (name: string) => () => {
    throw new TypeError(`${name}: expected a core opened with { kernels: 'all' }, got one with the core's kernels only`);
  };
  const names = onlyInAll.flatMap((family) => [family, `${family}_f32`, `${family}_f64`]);
  return { ...Object.fromEntries(names.map((name) => [name, missing(name)])), ...kernels };
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

/** The bound on memory, after a look at the options that have no default of their own here. */
function checkOptions({ profile, kernels, maximumBytes: wanted }: CoreOptions): number {
  if (profile !== undefined && profile !== 'strict' && profile !== 'fused') {
    throw new TypeError(`profile: expected 'strict' or 'fused', got ${JSON.stringify(profile)}`);
  }
  if (kernels !== undefined && kernels !== 'core' && kernels !== 'all') throw new TypeError(`kernels: expected 'core' or 'all', got ${JSON.stringify(kernels)}`);
  const maximumBytes = Math.min(wanted ?? MOST_BYTES, MOST_BYTES);
  if (!(maximumBytes >= 16 * PAGE)) throw new RangeError(`maximumBytes: expected at least ${16 * PAGE}, got ${wanted}`);
  return maximumBytes;
}

/**
 * Instantiates one build of the core over a memory of its own, and starts its threads.
 * @param source gives the compiled module; this file knows no bytes, so that a bundle which is given a module has none
 * @throws Error when the engine lacks SIMD, or for `fused` lacks relaxed SIMD or hardware multiply-add, or when a
 *   thread does not start; RangeError or TypeError for options out of range
 */
export async function openCoreFrom(source: BuildSource, options: CoreOptions = {}): Promise<Core> {
  const maximumBytes = checkOptions(options);
  const { threads, note } = planThreads(options);
  const shared = threads > 1;
  const { profile, kernels: set, sha256, module } = await source({ profile: options.profile, kernels: options.kernels }, shared);
  const wasm = new WebAssembly.Memory({ initial: 16, maximum: Math.floor(maximumBytes / PAGE), shared });
  // Kernels take numbers only and import nothing but memory, so they need no glue.
  const instance = await WebAssembly.instantiate(module, { env: { memory: wasm } });
  const kernels = instance.exports as unknown as Kernels;
  if (profile === 'fused' && !multiplyAddIsFused(kernels)) {
    throw new Error("profile 'fused' needs a CPU with hardware multiply-add, and the probe found none: use profile 'strict'");
  }
  const memory = new Memory(wasm, kernels.probe_heap_base(), maximumBytes);
  const identity = { profile, kernelSet: set, wasmHash: sha256 };
  if (!shared) return new Core(kernels, memory, identity, undefined, note);
  const control = memory.allocate(CONTROL_BYTES, 'thread control');
  const pool = new Pool(kernels, wasm, control, threads);
  await pool.start(options.startThread!, { module, memory: wasm, control });
  return new Core(kernels, memory, identity, pool);
}
