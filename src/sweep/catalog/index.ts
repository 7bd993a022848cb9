// The paper's figures as sweeps: its shell scripts' loops as data.
import { readSweepSpecification, type SweepSpecification } from '../specification.js';
import { figure2 } from './figure-2.js';
import { figure3 } from './figure-3.js';
import { figure4 } from './figure-4.js';
import { figure5 } from './figure-5.js';
import { figure6 } from './figure-6.js';

const SHIPPED: Readonly<Record<string, unknown>> = { figure2, figure3, figure4, figure5, figure6 };

export const SHIPPED_SWEEPS: readonly string[] = Object.keys(SHIPPED);

/** A shipped sweep by its name; undefined where there is none of that name. */
export function shippedSweep(name: string): SweepSpecification | undefined {
  return Object.hasOwn(SHIPPED, name) ? readSweepSpecification(SHIPPED[name], `sweep ${name}`) : undefined;
}
