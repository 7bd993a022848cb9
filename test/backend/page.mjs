// What a page's worker runs: the agreement cases on one backend, with tfjs bundled in.
import { everythingOn, openDevice } from '../../src/backend/index.ts';
import { openCore } from '../../src/core/index.ts';
import { cases, evaluate, relativeError } from './agreement-cases.ts';

const PACKAGES = {
  '@tensorflow/tfjs-core': () => import('@tensorflow/tfjs-core'),
  '@tensorflow/tfjs-backend-webgl': () => import('@tensorflow/tfjs-backend-webgl'),
};
const find = async (names) => ({ load: () => Promise.all(names.map((name) => PACKAGES[name]())) });

/** Every case's largest relative error, and the tensors that it left behind. */
async function runJob(backend) {
  const core = await openCore();
  const device = await openDevice(backend, find);
  const results = [];
  for (const [name, op, ...shapes] of cases) {
    const before = device.liveTensors;
    try {
      const made = await evaluate(core, op, shapes, everythingOn(device));
      const expected = await evaluate(core, op, shapes);
      const error = Math.max(...expected.map(({ values }, index) => relativeError(values, made[index].values)));
      results.push({ name, error, left: device.liveTensors - before });
    } catch (error) {
      results.push({ name, failure: String(error) });
    }
  }
  return results;
}

globalThis.onmessage = async ({ data: { jobs } }) => {
  try {
    for (const backend of jobs) globalThis.postMessage({ report: await runJob(backend) });
    globalThis.postMessage({ done: true });
  } catch (error) {
    globalThis.postMessage({ error: String(error?.stack ?? error) });
  }
};
