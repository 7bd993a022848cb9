// The caller's side of the threads: publishes jobs, takes part in them, waits for their last part.
import type { Kernels } from '../generated/kernels.js';
import { Control, Word, type ThreadStart } from './control.js';
import type { Cut, KernelName } from './cut.js';
import { PLACES } from './cuts.js';
import { claimParts, computePart, waitForChange } from './thread.js';

/** A thread, as the runtime gives it. */
export interface Thread {
  /** Resolves when it serves; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended: by itself once its pool has told it to, or else by force. */
  terminate(): Promise<void>;
}

/**
 * Starts a thread that calls `serveThread`. A runtime provides it.
 * @param ended called when the thread ends, with the reason where one is known
 * @throws Error when there can be no such thread
 */
export type StartThread = (start: ThreadStart, ended: (reason: string) => void) => Thread;

/** Milliseconds of one wait for the other threads, and how many such waits without progress mean that one of them died. */
const WAIT = 100;
const MOST_WAITS = 600;

/** Who computes the parts of a call. */
export interface Sharing {
  /** Threads that compute, the caller's among them. */
  readonly threads: number;
  /**
   * Computes a call whose cut is `cut` and returns the sum of the parts' results, added in order.
   * @param scratchStride bytes of each thread's own scratch
   * @throws Error when a part fails, or a thread dies under it
   */
  run(name: KernelName, args: readonly number[], cut: Cut, scratchStride?: number): number;
}

export class Pool implements Sharing {
  readonly threads: number;
  readonly #kernels: Kernels;
  readonly #control: Control;
  readonly #mostWaits: number;
  #helpers: Thread[] = [];
  #ready: Promise<unknown> = Promise.resolve();
  #generation = 0;
  #broken: Error | undefined;
  #closing = false;

  /** @param mostWaits tenths of a second without progress after which a thread counts as dead */
  constructor(kernels: Kernels, memory: WebAssembly.Memory, control: number, threads: number, mostWaits = MOST_WAITS) {
    this.#kernels = kernels;
    this.#control = new Control(memory, control);
    this.threads = threads;
    this.#mostWaits = mostWaits;
  }

  /**
   * Starts the threads, and does not wait for them: until they are up, the others do their parts.
   * @throws Error when a thread cannot be started; those that were are ended
   */
  async start(startThread: StartThread, start: Omit<ThreadStart, 'index'>): Promise<void> {
    try {
      for (let index = 1; index < this.threads; index++) {
        this.#helpers.push(startThread({ ...start, index }, (reason) => this.#ended(index, reason)));
      }
    } catch (error) {
      await this.close();
      throw new Error(`threads: expected ${this.threads} threads to start, got ${(error as Error).message}; ask for fewer, or for 1`);
    }
    this.#ready = Promise.all(this.#helpers.map(({ ready }) => ready));
    // Whoever computes is told; nobody has to wait.
    this.#ready.catch(() => {});
  }

  /** Resolves when all threads are up. @throws Error when one ended before */
  async ready(): Promise<void> {
    try {
      await this.#ready;
    } catch (error) {
      throw this.#broken ?? error;
    }
  }

  #ended(index: number, reason: string): void {
    if (!this.#closing) this.#broken ??= new Error(`thread ${index} of ${this.threads} ended while it was needed (${reason}); open the core again`);
  }

  /** @throws Error once a thread has died: what it was computing is lost */
  #requireWhole(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#closing) throw new Error('core: used after close()');
  }

  run(name: KernelName, args: readonly number[], cut: Cut, scratchStride = 0): number {
    this.#requireWhole();
    const { words, results } = this.#control;
    this.#control.writeJob(PLACES.get(name)!, args, scratchStride);
    Atomics.store(words, Word.pending, cut.parts);
    this.#generation = (this.#generation + 1) & 0x7fff;
    Atomics.store(words, Word.ticket, (this.#generation << 16) | cut.parts);
    Atomics.notify(words, Word.ticket, Math.min(cut.parts - 1, this.threads - 1));
    claimParts(this.#control, (part) => this.#compute(name, cut, part));
    this.#await();
    let total = 0;
    for (let part = 0; part < cut.parts; part++) total += results[part]!;
    return total;
  }

  #compute(name: KernelName, cut: Cut, part: number): void {
    try {
      computePart(this.#kernels, name, cut, part, 0, this.#control.results);
    } catch (error) {
      this.#control.fail(0, error);
    }
  }

  /** Waits for the parts that other threads have claimed. */
  #await(): void {
    const { words } = this.#control;
    let waits = 0;
    for (let left = Atomics.load(words, Word.pending), before = left; left > 0; left = Atomics.load(words, Word.pending)) {
      waits = left === before ? waits + 1 : 0;
      before = left;
      if (waits > this.#mostWaits) {
        this.#broken = new Error(
          `threads: expected the last ${left} parts of a job within ${(this.#mostWaits * WAIT) / 1000} s, got none: a thread has died; open the core again`,
        );
        throw this.#broken;
      }
      waitForChange(words, Word.pending, left, WAIT);
    }
    const failure = this.#control.takeFailure();
    if (failure !== undefined) {
      this.#broken = new Error(`thread ${failure.thread} of ${this.threads} failed: ${failure.message}; open the core again`);
      throw this.#broken;
    }
  }

  /** Ends the threads and waits until they have. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const { words } = this.#control;
    Atomics.store(words, Word.stop, 1);
    Atomics.store(words, Word.ticket, ((this.#generation + 1) & 0x7fff) << 16);
    Atomics.notify(words, Word.ticket);
    await Promise.all(this.#helpers.map((helper) => helper.terminate()));
    this.#helpers = [];
  }
}
