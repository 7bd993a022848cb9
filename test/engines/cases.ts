// What every engine runs: bundled into one module, loaded from a script or a page.
import { openCore, type Core, type Profile } from '../../src/core/index.js';
import { loadMnist } from '../../src/data/index.js';
import { resolveSplitHeadConfig, runSplitHead } from '../../src/experiments/splithead/index.js';
import { webFiles } from '../../src/runtime/browser.js';
import { shippedCases } from '../../src/verify/index.js';

export interface EngineReport {
  profile: Profile;
  /** Why the profile cannot run here, when it cannot. */
  refused?: string;
  wasm?: string;
  digests: Record<string, string>;
}

/** Cases that an emulated processor finishes in a few seconds. */
const SLOW_FOR_EMULATION = /default cnn/;

/** Runs the shipped cases on the core that `open` gives. */
export async function runShippedCases(profile: Profile, open: () => Promise<Core>, emulated: boolean): Promise<EngineReport> {
  let core;
  try {
    core = await open();
  } catch (error) {
    return { profile, refused: (error as Error).message, digests: {} };
  }
  const digests: Record<string, string> = {};
  for (const { name, run } of shippedCases) {
    if (!emulated || !SLOW_FOR_EMULATION.test(name)) digests[name] = await run(core);
  }
  return { profile, wasm: core.wasmHash, digests };
}

/** The default run on all of MNIST, whose files the test's server offers below `address`. */
export async function runDefault(address: string, overrides: Record<string, unknown>): Promise<EngineReport> {
  const core = await openCore();
  const data = await loadMnist(webFiles(address), { dataDir: 'mnist' });
  const digests: Record<string, string> = {};
  for await (const event of runSplitHead(core, resolveSplitHeadConfig(overrides), data)) {
    if (event.type === 'finished') {
      const { digest, metrics } = event.result;
      digests['default run'] = digest;
      digests['default run metrics'] = JSON.stringify(metrics);
    }
  }
  return { profile: 'strict', wasm: core.wasmHash, digests };
}

/** The jobs that a report is made of, by name. */
export async function runJob(job: string, address: string): Promise<EngineReport> {
  if (job.startsWith('default')) return runDefault(address, JSON.parse(job.slice('default'.length) || '{}'));
  const [profile, emulated] = job.split(' ') as [Profile, string?];
  return runShippedCases(profile, () => openCore({ profile }), emulated === 'emulated');
}
