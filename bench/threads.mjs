// How many threads contestants run with, and how their names say so.

/** Those who can use several threads appear with each of these. */
export const THREADS = [1, 2];

export function inThreads(count) {
  return count === 1 ? '1 thread' : `${count} threads`;
}
