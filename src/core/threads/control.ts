// The words that a pool's threads share, at the start of a block of the core's memory.
//
// A job is published as a ticket: (generation << 16) | parts not yet claimed. Whoever lowers the ticket
// by one has claimed that part and may then read the job's arguments, which stay until its last part is
// reported done. A claim is one compare-and-exchange, so a thread that wakes late can do no harm: it
// claims a part of whatever job is there now, or none.

const LINE = 16;

/** Indices of int32 words, each on a cache line of its own. */
export const Word = { ticket: 0, pending: LINE, stop: 2 * LINE, failed: 3 * LINE, task: 4 * LINE, count: 4 * LINE + 1, scratchStride: 4 * LINE + 2 } as const;

/** Arguments of a kernel at most. */
const MOST_ARGUMENTS = 32;
/** Parts of a job at most; their results are kept apart to be added in order. */
export const MOST_PARTS = 8192;
const MESSAGE_BYTES = 512;
const ARGUMENTS_AT = 512;
const MESSAGE_AT = ARGUMENTS_AT + 8 * MOST_ARGUMENTS;
const RESULTS_AT = MESSAGE_AT + MESSAGE_BYTES;
export const CONTROL_BYTES = RESULTS_AT + 8 * MOST_PARTS;

/** What a thread is started with; all of it passes through postMessage. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Address of the control block. */
  control: number;
  /** 1 for the first thread beside the caller's. */
  index: number;
}

/** Views of one control block. */
export class Control {
  readonly words: Int32Array;
  readonly #arguments: Float64Array;
  readonly results: Float64Array;
  readonly #message: Uint8Array;

  constructor(memory: WebAssembly.Memory, address: number) {
    const { buffer } = memory;
    this.words = new Int32Array(buffer, address, 5 * LINE);
    this.#arguments = new Float64Array(buffer, address + ARGUMENTS_AT, MOST_ARGUMENTS);
    this.#message = new Uint8Array(buffer, address + MESSAGE_AT, MESSAGE_BYTES);
    this.results = new Float64Array(buffer, address + RESULTS_AT, MOST_PARTS);
  }

  writeJob(task: number, args: readonly number[], scratchStride: number): void {
    this.words[Word.task] = task;
    this.words[Word.count] = args.length;
    this.words[Word.scratchStride] = scratchStride;
    this.#arguments.set(args);
  }

  readArguments(): number[] {
    return Array.from(this.#arguments.subarray(0, this.words[Word.count]));
  }

  /** Notes the first failure of a job. */
  fail(thread: number, error: unknown): void {
    if (Atomics.compareExchange(this.words, Word.failed, 0, thread + 1) !== 0) return;
    const text = new TextEncoder().encode(String((error as Error)?.message ?? error)).subarray(0, MESSAGE_BYTES - 1);
    this.#message.fill(0);
    this.#message.set(text);
  }

  /** The message of the thread that failed, and forgets it. */
  takeFailure(): { thread: number; message: string } | undefined {
    const thread = Atomics.exchange(this.words, Word.failed, 0) - 1;
    if (thread < 0) return undefined;
    const end = this.#message.indexOf(0);
    // A decoder takes no shared memory.
    return { thread, message: new TextDecoder().decode(this.#message.slice(0, end)) };
  }
}
