// The tfjs backends as tests open them: packages in the cache folder, WebGPU on a software adapter.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice, TFJS_VERSION, type TfjsDevice, type TfjsName } from '../../src/backend/index.js';
import { packageFinder } from '../../src/runtime/node.js';

const PACKAGES = {
  '@tensorflow/tfjs-core': TFJS_VERSION, '@tensorflow/tfjs-backend-wasm': TFJS_VERSION, '@tensorflow/tfjs-backend-webgl': TFJS_VERSION,
  '@tensorflow/tfjs-backend-webgpu': TFJS_VERSION, webgpu: '0.6.2',
};
/** SwiftShader as Debian's chromium brings it; the Vulkan loader is Debian's libvulkan1. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

const installer = '../../bench/installed-packages.mjs';
const { installPackages } = (await import(installer)) as { installPackages(name: string, packages: Record<string, string>): Promise<string> };

/** Folder that has the packages, or undefined (with a word why) where npm cannot fetch them. */
export const packagesFolder = await installPackages('backends', PACKAGES).catch((error: Error) => {
  console.warn(`skipped: tfjs cannot be fetched (${error.message.trim().split('\n').at(-1)})`);
  return undefined;
});

export const hasSoftwareGpu = existsSync(SWIFTSHADER);
if (!hasSoftwareGpu) console.warn(`skipped: no software GPU here; ${SWIFTSHADER} comes with Debian's chromium`);

/** What a child process needs in its environment to find the software adapter. */
export const SOFTWARE_GPU = { VK_ICD_FILENAMES: SWIFTSHADER };

/** Backends that can be tested in this process. */
export const testable: TfjsName[] = packagesFolder === undefined ? [] : hasSoftwareGpu ? ['tfjs-wasm', 'tfjs-webgpu'] : ['tfjs-wasm'];

export const findTested = packageFinder([join(packagesFolder ?? '/nonexistent', 'package.json')]);

export async function openTested(name: TfjsName): Promise<TfjsDevice> {
  Object.assign(process.env, SOFTWARE_GPU);
  return openDevice(name, findTested);
}
