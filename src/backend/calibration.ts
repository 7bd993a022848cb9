// A calibration kept from one run to the next, as long as what it depends on is the same.
import { sha256 } from '../core/index.js';
import type { Costs, Family, Line, SidedCosts } from './placement.js';

const FORMAT = 'isolab-calibration-1';

/** All that a calibration depends on. */
export interface CalibrationKey {
  backend: string;
  /** Of tfjs. */
  backendVersion: string;
  /** The adapter behind a GPU backend; empty for others. */
  hardware: string;
  wasmHash: string;
  profile: string;
  threads: number;
  engine: string;
  cpu: string;
}

/** The files of a runtime, as far as a calibration needs them. */
export interface CalibrationFiles {
  read(path: string): Promise<Uint8Array>;
  size(path: string): Promise<number | undefined>;
  makeFolder(path: string): Promise<void>;
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
}

function textOf(key: CalibrationKey): string {
  const { backend, backendVersion, hardware, wasmHash, profile, threads, engine, cpu } = key;
  return JSON.stringify([FORMAT, backend, backendVersion, hardware, wasmHash, profile, threads, engine, cpu]);
}

/** Where a calibration is kept below the user's cache folder. */
export async function calibrationPath(cacheDir: string, key: CalibrationKey): Promise<string> {
  return `${cacheDir}/calibrations/${key.backend}-${(await sha256(textOf(key))).slice(0, 12)}.json`;
}

const FAMILIES: readonly Family[] = [
  'product', 'product gradient', 'sparse product', 'sparse product gradient', 'convolution', 'convolution gradient', 'elementwise',
];

function isLine(value: unknown): value is Line {
  const { overhead, perUnit } = (value ?? {}) as Partial<Line>;
  return [overhead, perUnit].every((item) => typeof item === 'number' && item >= 0);
}

function areSided(value: unknown): value is SidedCosts {
  const { core, device } = (value ?? {}) as Partial<SidedCosts>;
  return isLine(core) && isLine(device);
}

function isCosts(value: unknown): value is Costs {
  const { families, upload, download } = (value ?? {}) as Partial<Costs>;
  return isLine(upload) && isLine(download) && FAMILIES.every((family) => areSided(families?.[family]));
}

/** The kept calibration of exactly this key; undefined where there is none, or one that cannot be read. */
export async function readCalibration(files: CalibrationFiles, cacheDir: string, key: CalibrationKey): Promise<Costs | undefined> {
  try {
    const path = await calibrationPath(cacheDir, key);
    if ((await files.size(path)) === undefined) return undefined;
    const { format, costs } = JSON.parse(new TextDecoder().decode(await files.read(path))) as { format?: string; costs?: unknown };
    return format === FORMAT && isCosts(costs) ? costs : undefined;
  } catch {
    // A damaged file is measured again and replaced.
    return undefined;
  }
}

/** @returns the path written @throws Error when the cache folder cannot be written */
export async function writeCalibration(files: CalibrationFiles, cacheDir: string, key: CalibrationKey, costs: Costs): Promise<string> {
  const path = await calibrationPath(cacheDir, key);
  await files.makeFolder(path.slice(0, path.lastIndexOf('/')));
  await files.writeWhole(path, new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, key, costs }, null, 2)}\n`));
  return path;
}
