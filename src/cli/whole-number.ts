import { UsageError } from './usage-error.js';

/** A flag's whole number from `least` to `most`. @throws UsageError naming the flag */
export function parseWhole(flag: string, given: string, least: number, most = Infinity): number {
  const value = Number(given);
  if (/^-?\d+$/.test(given) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag}: expected a whole number ${most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`}, got ${JSON.stringify(given)}`);
}
