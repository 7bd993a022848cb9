// A training step's contest: everybody's first losses must agree, then everybody is timed.
import { measure } from './measure.mjs';
import { printResult } from './report.mjs';
import { ADAM } from './step-task.mjs';

const CHECKED_STEPS = 3;
const LOSS_TOLERANCE = 1e-4;

/** The same step in a PyTorch process. */
export async function torchContestant(process_, { layers, shape, x, labels }) {
  const shared = [];
  for (const { weight, bias, ...layer } of layers) {
    shared.push({ ...layer, weight: await process_.share(weight), bias: await process_.share(bias) });
  }
  await process_.ask({
    do: 'prepare', job: 'training-step', layers: shared, lr: ADAM.lr, shape,
    x: await process_.share(x), labels: await process_.share(labels),
  });
  const { name, threads, run } = process_;
  return { name, threads, step: async () => (await process_.result())[0], run, dispose: () => {} };
}

/** @throws Error unless every contestant has the first one's losses in its first steps */
async function requireSameLosses(contestants) {
  const losses = [];
  for (const { name, step } of contestants) {
    const own = [];
    for (let i = 0; i < CHECKED_STEPS; i++) own.push(await step());
    losses.push(own);
    const off = own.findIndex((loss, i) => !(Math.abs(loss - losses[0][i]) <= LOSS_TOLERANCE));
    if (off >= 0) throw new Error(`${name}: expected loss ${losses[0][off]} in step ${off + 1}, got ${own[off]}`);
  }
  console.log(`\nlosses of the first steps agree to ${LOSS_TOLERANCE}: ${losses[0].map((loss) => loss.toFixed(6)).join(', ')}`);
}

/**
 * Checks, times and prints; disposes of the contestants.
 * @param contestants as for `measure`, each with `step` (its next loss) and `dispose`
 * @returns an entry for results.json
 */
export async function contest(name, shape, contestants, rule) {
  await requireSameLosses(contestants);
  const { milliseconds, ratios, rounds } = await measure(contestants, rule);
  for (const { dispose } of contestants) await dispose();
  const result = { name, shape, unit: 'ms', contestants: milliseconds, ratios, rounds };
  printResult(result);
  return result;
}
