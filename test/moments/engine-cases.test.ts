import { expect, test } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { momentFunctionCases } from '../../src/verify/moment-function-cases.js';

const strict = await openCore();
const fused = await openCore({ profile: 'fused' }).catch(() => undefined);

// The kernels use no fused multiply-add but for matrix products: the maxima's covariance and the cases' inputs.
test.runIf(fused !== undefined)('the normal distribution: the same bits in both builds', async () => {
  const [scalars] = momentFunctionCases;
  expect(await scalars!.run(fused!)).toBe(await scalars!.run(strict));
});

test.each(momentFunctionCases.map((each) => [each.name, each] as const))('%s: the same digest twice', async (_name, each) => {
  const first = await each.run(strict);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await each.run(strict)).toBe(first);
});
