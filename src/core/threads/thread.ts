// The threads' side: wait for a job, claim parts, compute them.
import type { Kernels } from '../generated/kernels.js';
import { Control, Word, type ThreadStart } from './control.js';
import type { Cut, KernelName } from './cut.js';
import { CUTS } from './cuts.js';

type AnyKernel = (...args: number[]) => number | void;

/** Computes one part of a cut; a kernel's sum goes to the part's place among the results. @internal */
export function computePart(kernels: Kernels, name: KernelName, cut: Cut, part: number, scratchOffset: number, results: Float64Array): void {
  const args = cut.narrow(part);
  if (cut.scratch !== undefined) args[cut.scratch]! += scratchOffset;
  const result = (kernels[cut.kernel ?? name] as AnyKernel)(...args);
  if (typeof result === 'number') results[part] = result;
}

/** Claims parts of the present job until none is left; returns the ticket seen last. @internal */
export function claimParts(control: Control, compute: (part: number) => void): number {
  const { words } = control;
  for (;;) {
    const ticket = Atomics.load(words, Word.ticket);
    if ((ticket & 0xffff) === 0) return ticket;
    if (Atomics.compareExchange(words, Word.ticket, ticket, ticket - 1) !== ticket) continue;
    compute((ticket & 0xffff) - 1);
    if (Atomics.sub(words, Word.pending, 1) === 1) Atomics.notify(words, Word.pending);
  }
}

/** Looks for a change this often before sleeping: 0.3 ms, which spans what a training step does between two shared calls. */
const SPINS = 40_000;

/** Waits until a word differs from `value`, or for at most `milliseconds`. @internal */
export function waitForChange(words: Int32Array, word: number, value: number, milliseconds?: number): void {
  for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(words, word) !== value) return;
  Atomics.wait(words, word, value, milliseconds);
}

/**
 * Serves a pool until it is closed. Blocks its thread.
 * @throws WebAssembly.LinkError when the module does not fit the memory
 */
export function serveThread(start: ThreadStart, ready: () => void): void {
  const { exports } = new WebAssembly.Instance(start.module, { env: { memory: start.memory } });
  const kernels = exports as unknown as Kernels;
  const control = new Control(start.memory, start.control);
  const { words } = control;
  const compute = (part: number) => {
    try {
      const [name, cutter] = CUTS[words[Word.task]!]!;
      const cut = cutter(control.readArguments())!;
      computePart(kernels, name as KernelName, cut, part, start.index * words[Word.scratchStride]!, control.results);
    } catch (error) {
      control.fail(start.index, error);
    }
  };
  ready();
  while (Atomics.load(words, Word.stop) === 0) {
    const ticket = claimParts(control, compute);
    if (Atomics.load(words, Word.stop) === 0) waitForChange(words, Word.ticket, ticket);
  }
}
