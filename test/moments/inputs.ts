/** Means and variances [2, 5], and covariances [2, 5, 5], that tests of moments share. */
export const MEANS = { shape: [2, 5], values: [0.3, -0.7, 1.9, 0, -2.2, 0.4, 1.1, -0.2, -1.3, 2.5] };
export const VARIANCES = { shape: [2, 5], values: [0.5, 1.7, 0.9, 2.5, 1.2, 0.1, 2.9, 1, 2.1, 0.6] };

const DEVIATIONS = [0.7, 1.3, 0.9, 1.6, 1.1];
const FACTORS = [1, -1, 0.9, 0.8, -0.95];

/** Correlations up to `most` in magnitude; `crooked` makes the matrices a little asymmetric. */
export function covariances(most: number, crooked = 0): { shape: number[]; values: number[] } {
  const values = [0, 1].flatMap((b) => Array.from({ length: 25 }, (_, at) => {
    const [i, k] = [Math.floor(at / 5), at % 5];
    const r = i === k ? 1 : most * FACTORS[(i + b) % 5]! * FACTORS[(k + b) % 5]!;
    return r * DEVIATIONS[i]! * DEVIATIONS[k]! + crooked * (i - k);
  }));
  return { shape: [2, 5, 5], values };
}
