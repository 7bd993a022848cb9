// Numbers along an axis: round ends, round steps, and their texts. As d3-scale 4 has them (Bostock, ISC licence), which would be ten
// times as much for a page to load.

/** `count` steps or so between two ends: the first and last multiple within, and how far apart (as 1 over the step below 1, negative). */
function stepsBetween(lower: number, upper: number, count: number): { first: number; last: number; step: number } {
  const rough = (upper - lower) / count;
  const power = Math.floor(Math.log10(rough));
  const part = rough / Math.pow(10, power);
  const factor = part >= Math.sqrt(50) ? 10 : part >= Math.sqrt(10) ? 5 : part >= Math.sqrt(2) ? 2 : 1;
  const step = power < 0 ? -Math.pow(10, -power) / factor : Math.pow(10, power) * factor;
  const placeOf = (value: number) => (step < 0 ? value * -step : value / step);
  const valueAt = (place: number) => (step < 0 ? place / -step : place * step);
  let [first, last] = [Math.round(placeOf(lower)), Math.round(placeOf(upper))];
  if (valueAt(first) < lower) first++;
  if (valueAt(last) > upper) last--;
  return { first, last, step };
}

/** About `count` round numbers from the lower end to the upper. */
export function roundNumbers(lower: number, upper: number, count: number): number[] {
  if (lower === upper) return [lower];
  const { first, last, step } = stepsBetween(lower, upper, count);
  // Ends so near nought that float64 has no steps between them.
  if (!Number.isFinite(last - first)) return [];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (step < 0 ? (first + index) / -step : (first + index) * step));
}

/** Ends that are moved outwards to multiples of the steps between them. */
export function roundEnds(ends: readonly [number, number], count: number): readonly [number, number] {
  let [lower, upper] = ends;
  let before: number | undefined;
  for (let round = 0; round < 10; round++) {
    const { step } = stepsBetween(lower, upper, count);
    if (step === before) return [lower, upper];
    if (step > 0) [lower, upper] = [Math.floor(lower / step) * step, Math.ceil(upper / step) * step];
    else [lower, upper] = [Math.ceil(lower * step) / step, Math.floor(upper * step) / step];
    before = step;
  }
  return ends;
}

/** Ends moved outwards to powers of ten. */
export function roundPowers([lower, upper]: readonly [number, number]): [number, number] {
  return [Number(`1e${Math.floor(Math.log10(lower))}`), Number(`1e${Math.ceil(Math.log10(upper))}`)];
}

/** `−20,000.5`: so many decimals, thousands parted, a true minus sign. */
export function fixedText(value: number, decimals: number): string {
  const [whole, ...rest] = Math.abs(value).toFixed(decimals).split('.');
  const text = [whole!.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.');
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Decimals that tell apart about `count` round numbers between two ends. */
export function decimalsBetween(lower: number, upper: number, count: number): number {
  if (lower === upper) return String(lower).split('.')[1]?.length ?? 0;
  const { step } = stepsBetween(lower, upper, count);
  return Math.max(0, -Number((step < 0 ? -1 / step : step).toExponential().split('e')[1]));
}
