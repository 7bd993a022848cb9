import { UsageError } from './usage-error.js';

/** A flag's whole number of at least `least`. @throws UsageError naming the flag */
export function parseWhole(flag: string, given: string, least: number): number {
  if (!/^\d{1,9}$/.test(given) || Number(given) < least) throw new UsageError(`${flag}: expected a whole number of at least ${least}, got ${JSON.stringify(given)}`);
  return Number(given);
}
