// The uncertainty of a mean. It stands in figures and tables, so it is exact arithmetic and integers only.

export interface BootstrapOptions {
  /** Share of the resampled means between low and high. Default 0.95. */
  confidence?: number;
  /** Resampled means. Default 2000. */
  resamples?: number;
  /** Default 0. The same values, options and seed give the same interval everywhere. */
  seed?: number;
}

export interface MeanInterval {
  mean: number;
  low: number;
  high: number;
}

/**
 * SplitMix (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014) in 32 bits: a Weyl sequence
 * with the golden ratio's increment, mixed by MurmurHash3's 32-bit finalizer (Appleby).
 * @returns draws whole numbers from 0 to 2^32 - 1
 */
function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

/** Quantile of sorted values, interpolated between order statistics: Hyndman and Fan's definition 7, NumPy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const lower = sorted[below]!;
  return lower + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)]! - lower);
}

/** In index order. */
function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function resampledMeans(values: Float64Array, resamples: number, seed: number): Float64Array {
  const draw = splitMix32(seed);
  // draw / 2^32 * n, rounded down, favours some indices by less than n / 2^32: nothing beside the resampling itself.
  const scale = values.length / 4294967296;
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(draw() * scale)]!;
    means[resample] = sum / values.length;
  }
  return means.sort();
}

/**
 * Mean with its percentile bootstrap interval (Efron, "Bootstrap methods: another look at the jackknife", 1979).
 * @param values NaN counts as missing and is left out
 * @returns float64; low = high = mean for a single value, NaN for none
 * @throws RangeError unless 0 < confidence < 1, resamples is a whole number of at least 1 and seed a whole number
 */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions = {}): MeanInterval {
  const { confidence = 0.95, resamples = 2000, seed = 0 } = options;
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`bootstrapMean: expected confidence between 0 and 1, got ${confidence}`);
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new RangeError(`bootstrapMean: expected resamples to be a whole number of at least 1, got ${resamples}`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`bootstrapMean: expected seed to be a whole number, got ${seed}`);
  const present = Float64Array.from(values.filter((value) => !Number.isNaN(value)));
  const mean = meanOf(present);
  if (present.length < 2) return { mean, low: mean, high: mean };
  const means = resampledMeans(present, resamples, seed);
  return { mean, low: quantile(means, (1 - confidence) / 2), high: quantile(means, (1 + confidence) / 2) };
}
