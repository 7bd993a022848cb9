// What --backend means on this machine: the core, one tfjs backend, or auto with its calibration.
import {
  BackendError, byCosts, everythingOn, measureCosts, openDevice, readCalibration, TFJS_BACKENDS, writeCalibration,
  type CalibrationKey, type Costs, type TfjsDevice, type TfjsName,
} from '../backend/index.js';
import type { Core } from '../core/index.js';
import type { Placement } from '../tensor/index.js';
import type { CliContext } from './context.js';
import { UsageError } from './usage-error.js';

export const BACKEND_CHOICES = ['core', 'tfjs-wasm', 'tfjs-webgl', 'tfjs-webgpu', 'auto'] as const;
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

/** Who computes a run. */
export interface ChosenBackend {
  /** As it is recorded: `core`, `tfjs-wasm`, `auto (tfjs-wasm)`, ... */
  name: string;
  /** True of the core alone. */
  bitsPromised: boolean;
  placement: Placement | undefined;
}

const CORE_ALONE: ChosenBackend = { name: 'core', bitsPromised: true, placement: undefined };

/** @throws UsageError */
export function parseBackend(given: string): BackendChoice {
  const known = BACKEND_CHOICES.find((name) => name === given);
  if (known === undefined) throw new UsageError(`--backend: expected one of ${BACKEND_CHOICES.join(', ')}, got ${JSON.stringify(given)}`);
  return known;
}

/** One backend as it was found here. */
export interface FoundBackend {
  name: TfjsName;
  device: TfjsDevice | undefined;
  /** Why it cannot be used, where it cannot. */
  reason: string;
}

async function open(context: CliContext, name: TfjsName): Promise<TfjsDevice> {
  const find = context.runtime.findPackages;
  if (find === undefined) throw new BackendError(`backend ${name}: expected a runtime that loads packages, got ${context.runtime.name}; take core`);
  return openDevice(name, find);
}

/** Opens every tfjs backend that works here. */
export async function findBackends(context: CliContext): Promise<FoundBackend[]> {
  const found: FoundBackend[] = [];
  for (const name of TFJS_BACKENDS) {
    try {
      found.push({ name, device: await open(context, name), reason: '' });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      found.push({ name, device: undefined, reason: error.message.replace(/^backend [\w-]+: /, '') });
    }
  }
  return found;
}

export function calibrationKey(context: CliContext, core: Core, device: TfjsDevice): CalibrationKey {
  const { runtime } = context;
  return {
    backend: device.name, backendVersion: device.version, hardware: device.hardware, wasmHash: core.wasmHash, profile: core.profile, threads: core.threads,
    engine: `${runtime.name} ${runtime.version}`, cpu: runtime.cpuModel?.() ?? 'unknown',
  };
}

/** Measures a device and keeps the result; a cache that cannot be written is only said. */
export async function calibrate(context: CliContext, core: Core, device: TfjsDevice): Promise<{ costs: Costs; path: string | undefined }> {
  const costs = await measureCosts(core, device, () => context.runtime.now(), (what) => context.stderr(`calibrating ${what}\n`));
  try {
    return { costs, path: await writeCalibration(context.runtime.files, context.cacheDir, calibrationKey(context, core, device), costs) };
  } catch (error) {
    context.stderr(`the calibration is not kept: ${(error as Error).message}\n`);
    return { costs, path: undefined };
  }
}

/** Milliseconds of one multiplication in a large product: what backends are compared by. */
export function slownessOf({ families }: Costs): number {
  return families.product.device.perUnit;
}

async function chooseAutomatically(context: CliContext, core: Core): Promise<ChosenBackend> {
  const found = await findBackends(context);
  let best: { device: TfjsDevice; costs: Costs } | undefined;
  for (const { device } of found) {
    if (device === undefined) continue;
    let costs = await readCalibration(context.runtime.files, context.cacheDir, calibrationKey(context, core, device));
    if (costs === undefined) {
      context.stderr(`--backend auto: ${device.name} is not calibrated on this machine yet; doing so once\n`);
      ({ costs } = await calibrate(context, core, device));
    }
    if (best === undefined || slownessOf(costs) < slownessOf(best.costs)) best = { device, costs };
  }
  if (best === undefined) {
    context.stderr('--backend auto: no tfjs backend can be used here, so the core computes everything; isolab backend says why\n');
    return CORE_ALONE;
  }
  return { name: `auto (${best.device.name})`, bitsPromised: false, placement: byCosts(best.device, best.costs) };
}

/** @throws UsageError when the backend cannot be used here, saying what to do */
export async function chooseBackend(context: CliContext, choice: BackendChoice, core: Core): Promise<ChosenBackend> {
  if (choice === 'core') return CORE_ALONE;
  if (choice === 'auto') return chooseAutomatically(context, core);
  try {
    return { name: choice, bitsPromised: false, placement: everythingOn(await open(context, choice)) };
  } catch (error) {
    throw error instanceof BackendError ? new UsageError(`--${error.message}`) : error;
  }
}
