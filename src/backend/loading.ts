// Opens a tfjs backend by packages that a runtime finds; nothing of tfjs is loaded before.
import type { TensorFlow } from './tfjs-api.js';
import { TfjsDevice, type TfjsName } from './tfjs.js';

/** Finds packages that must come from one place: a way to load them in order, or the names of those not installed. */
export type PackageFinder = (names: readonly string[]) => Promise<{ load(): Promise<unknown[]> } | { missing: string[] }>;

export const TFJS_VERSION = '4.22.0';

/** The backends beside the core, the one expected to be fastest first. */
export const TFJS_BACKENDS: readonly TfjsName[] = ['tfjs-webgpu', 'tfjs-webgl', 'tfjs-wasm'];

/** A backend that cannot be used here: what was expected, what came, what to do. */
export class BackendError extends Error {
  override name = 'BackendError';
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { vendor: string; architecture: string; device: string; description: string } } | null>;
}

/** Browsers and Deno have WebGPU; elsewhere the npm package `webgpu` (Dawn) gives it. */
function lacksGpu(name: TfjsName): boolean {
  return name === 'tfjs-webgpu' && (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu === undefined;
}

function packagesOf(name: TfjsName): string[] {
  const packages = ['@tensorflow/tfjs-core', `@tensorflow/tfjs-backend-${name.slice('tfjs-'.length)}`];
  return lacksGpu(name) ? [...packages, 'webgpu'] : packages;
}

/** The command that installs what a backend needs. */
function installation(name: TfjsName): string {
  return `npm install ${packagesOf(name).map((each) => (each === 'webgpu' ? each : `${each}@${TFJS_VERSION}`)).join(' ')}`;
}

async function requirePackages(name: TfjsName, find: PackageFinder): Promise<void> {
  const found = await find(packagesOf(name));
  if ('load' in found) return;
  const words = found.missing.length === 1 ? `package ${found.missing[0]}, which is` : `packages ${found.missing.join(' and ')}, which are`;
  throw new BackendError(`backend ${name}: expected the ${words} not installed; ${installation(name)}`);
}

async function load(find: PackageFinder, names: readonly string[]): Promise<unknown[]> {
  const found = await find(names);
  return 'load' in found ? found.load() : [];
}

/** Returns the adapter's name. tfjs registers its WebGPU backend only where `navigator.gpu` stands when it is loaded. */
async function requireAdapter(find: PackageFinder): Promise<string> {
  const host = globalThis as { navigator?: { gpu?: Gpu } };
  if (lacksGpu('tfjs-webgpu')) {
    const [dawn] = (await load(find, ['webgpu'])) as [{ create(flags: string[]): Gpu; globals: object }];
    Object.assign(globalThis, dawn.globals);
    if (host.navigator === undefined) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
    Object.defineProperty(host.navigator, 'gpu', { value: dawn.create([]), configurable: true });
  }
  const adapter = await host.navigator!.gpu!.requestAdapter();
  if (adapter === null) {
    throw new BackendError(
      'backend tfjs-webgpu: expected a GPU adapter, got none; install a driver for Vulkan, Metal or Direct3D 12, or take another backend',
    );
  }
  const { vendor = '', architecture = '', description = '' } = adapter.info ?? {};
  return [vendor, architecture, description].filter((word) => word !== '').join(' ');
}

/**
 * Opens a backend for tensors.
 * @param find finds packages: `nodeRuntime().findPackages`, or in a page one that imports them by its import map
 * @throws BackendError when a package is not installed, or the machine has not what the backend needs
 */
export async function openDevice(name: TfjsName, find: PackageFinder): Promise<TfjsDevice> {
  await requirePackages(name, find);
  if (name === 'tfjs-webgl' && typeof document === 'undefined' && typeof OffscreenCanvas === 'undefined') {
    throw new BackendError('backend tfjs-webgl: expected a browser, whose WebGL it uses, got none; take tfjs-wasm or tfjs-webgpu');
  }
  const hardware = name === 'tfjs-webgpu' ? await requireAdapter(find) : '';
  const [core] = await load(find, packagesOf(name).slice(0, 2));
  const module = core as TensorFlow & { default?: TensorFlow };
  const tf = module.default?.setBackend === undefined ? module : module.default;
  if (tf.version_core !== TFJS_VERSION) {
    throw new BackendError(`backend ${name}: expected tfjs ${TFJS_VERSION}, got ${tf.version_core}; ${installation(name)}`);
  }
  let reason = 'it gave no reason';
  const isReady = await tf.setBackend(name.slice('tfjs-'.length)).catch((error: Error) => {
    reason = error.message;
    return false;
  });
  if (!isReady) throw new BackendError(`backend ${name}: expected tfjs to start it on this machine, got a refusal (${reason}); take another backend`);
  return new TfjsDevice(name, tf, hardware);
}
