// How a kernel that writes two gradients at once gives them.
import type { Pointer } from '../core/index.js';
import type { Tape, Tensor } from '../tensor/index.js';

/** Gives two inputs what `write` puts at the two addresses; it must write every value of both. */
export function giveBoth(tape: Tape, first: Tensor, second: Tensor, write: (toFirst: Pointer, toSecond: Pointer) => void): void {
  const forFirst = tape.empty(first.shape, first.dtype, 'gradient'), forSecond = tape.empty(second.shape, second.dtype, 'gradient');
  write(forFirst.pointer, forSecond.pointer);
  tape.give(first, forFirst);
  tape.give(second, forSecond);
}
