// SAGA's table of factors against a table of written gradients, and its size.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { resolveByzantineConfig } from '../../src/experiments/byzantine/index.js';
import { makeTask } from '../../src/experiments/byzantine/datasets.js';
import { Saga } from '../../src/experiments/byzantine/saga.js';
import { StackTask, type Samples } from '../../src/experiments/byzantine/task.js';
import { Generator } from '../../src/random/index.js';
import { Stepper, type Tape } from '../../src/tensor/index.js';
import { madeUpDataset } from '../../src/verify/made-up.js';

let core: Core;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
});

/** 600 images: the made-up ones and their mirror, so that no two are equal. */
function sixHundred() {
  const pair = madeUpDataset(core);
  const { images, labels } = pair.train;
  const mirrored = images.map((_, at) => images[at - (at % 784) + 783 - (at % 784)]!);
  const train = { ...pair.train, count: 600, images: Uint8Array.from([...images, ...mirrored]), labels: Uint8Array.from([...labels, ...labels]) };
  return { kind: 'images' as const, pair: { ...pair, train } };
}

/** Each sample's gradient, written out: the notebook's table. */
function writtenGradients(task: StackTask, tape: Tape, samples: Int32Array): Float64Array[] {
  return Array.from(samples, (sample) => {
    const row = tape.empty([task.stack.dimension], 'float32', 'gradient');
    task.stack.writeGradient(tape, task.factors(tape, Int32Array.of(sample), 1), row);
    return Float64Array.from(row.toArray());
  });
}

describe("SAGA's table", () => {
  it.each([1, 3])('as factors gives the messages of the written table over 600 samples, batch %i', (batch) => {
    const { task, dispose } = makeTask(core, resolveByzantineConfig({ method: 'SAGA' }), sixHundred());
    const stepper = new Stepper(core);
    const workers = 6;
    const shards = Array.from({ length: workers }, (_, worker) => Int32Array.from({ length: 100 }, (__, at) => worker * 100 + at));
    task.stack.initialize(3);
    const saga = new Saga({ task, shards, batch, decay: 0, snapshotInterval: 10, sagaInitial: 'gradient', momentum: 0, stepper });
    const all = Int32Array.from({ length: 600 }, (_, sample) => sample);
    const table = stepper.step((tape) => writtenGradients(task, tape, all), { record: true });
    const averages = shards.map((shard) => shard.reduce((sum, sample) => sum.map((value, at) => value + table[sample]![at]! / 100), new Float64Array(task.stack.dimension)));
    saga.prepare();
    const generator = new Generator(core, 11);
    for (let step = 0; step < 12; step++) {
      const drawn = Int32Array.from({ length: workers * batch }, (_, at) => Math.floor(at / batch) * 100 + (generator.randint(0, 100, 1)[0] as number));
      const got = stepper.step((tape) => Float64Array.from(saga.messages(tape, drawn).rows().toArray()));
      const fresh = stepper.step((tape) => writtenGradients(task, tape, drawn));
      let largest = 0;
      let worst = 0;
      for (let worker = 0; worker < workers; worker++) {
        const change = new Float64Array(task.stack.dimension);
        const own = Array.from({ length: batch }, (_, at) => worker * batch + at);
        // A sample drawn twice changes once.
        for (const at of own.filter((each) => own.find((other) => drawn[other] === drawn[each]) === each)) fresh[at]!.forEach((value, i) => (change[i]! += value - table[drawn[at]!]![i]!));
        for (let i = 0; i < change.length; i++) {
          const want = change[i]! / batch + averages[worker]![i]!;
          largest = Math.max(largest, Math.abs(want));
          worst = Math.max(worst, Math.abs(got[worker * change.length + i]! - want));
          averages[worker]![i]! += change[i]! / 100;
        }
        for (const at of own) table[drawn[at]!] = fresh[at]!;
      }
      // float32 against float64 sums of 100 and of a few terms.
      expect(worst / largest, `step ${step}`).toBeLessThan(2e-6);
      task.stack.flat.data.set(task.stack.flat.toArray().map((value, at) => value - 0.01 * averages[0]![at]!));
    }
    saga.dispose();
    generator.dispose();
    stepper.dispose();
    dispose();
  });

  it("takes under 200 MB for MNIST's 60,000 images, averages included", () => {
    const samples: Samples & { labels: Int32Array } = { count: 60_000, labels: new Int32Array(0), batch: () => { throw new Error('no sample is read'); } };
    const layers = [{ inputs: 784, outputs: 50, activation: 'tanh' as const }, { inputs: 50, outputs: 10, activation: 'none' as const }];
    const task = new StackTask(core, layers, { train: samples, validation: samples }, 'softmax-then-cross-entropy', 0);
    const stepper = new Stepper(core);
    const saga = new Saga({ task, shards: Array.from({ length: 50 }, () => new Int32Array(1200)), batch: 1, decay: 0, snapshotInterval: 10, sagaInitial: 'zero', momentum: 0, stepper });
    // 60,000 x (50 + 10 deltas + 50 inputs) and 50 averages of 39,760 values, float32: 34.4 MB; written out 9.5 GB.
    expect(saga.bytes).toBe(4 * (60_000 * 110 + 50 * 39_760));
    expect(saga.bytes).toBeLessThan(200e6);
    saga.dispose();
    stepper.dispose();
    task.dispose();
  });
});
