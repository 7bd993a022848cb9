/** Repeatable values in [-2, 2) with 16 bits each: a linear congruential generator. */
export function scatteredValues(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) / 16384 - 2;
  });
}
