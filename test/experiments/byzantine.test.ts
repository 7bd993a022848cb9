// What a Byzantine run promises of itself: factored messages are the written ones, the server's short ways are the plain rules,
// every checkpoint leads to the same end, attackers change no sample.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { resolveByzantineConfig, runByzantine, type ByzantineData, type ByzantineEvent, type ByzantineRunOptions } from '../../src/experiments/byzantine/index.js';
import { makeTask } from '../../src/experiments/byzantine/datasets.js';
import { FactoredMessages, WrittenMessages } from '../../src/experiments/byzantine/messages.js';
import { Server } from '../../src/experiments/byzantine/server.js';
import { aggregateThrough, parseAggregator, parseAttack, parsePreAggregators, stackRows, type Vectors } from '../../src/robust/index.js';
import type { LinearStack } from '../../src/experiments/byzantine/linear-stack.js';
import type { SampleBatch } from '../../src/experiments/byzantine/task.js';
import { Network } from '../../src/experiments/network.js';
import { defaultCnnSpecification, readSpecification } from '../../src/experiments/specification.js';
import { rowRange, softmaxCrossEntropy, Stepper, type Tape, type Tensor } from '../../src/tensor/index.js';
import { madeUpDataset } from '../../src/verify/made-up.js';

const BRIEF = { honest_size: 9, byzantine_size: 3, rounds: 3, display_interval: 4, batch_size: 2, snapshot_interval: 5, hidden_dims: [12] };

let core: Core;
let data: ByzantineData;
beforeAll(async () => {
  core = await openCore({ kernels: 'all' });
  data = { kind: 'images', pair: madeUpDataset(core) };
});

async function run(values: Record<string, unknown> = {}, options: ByzantineRunOptions = {}) {
  const events: ByzantineEvent[] = [];
  for await (const event of runByzantine(core, resolveByzantineConfig({ ...BRIEF, ...values }), data, options)) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error('the run ended without a result');
  return { events, result: last.result };
}

/** One step's messages of the brief configuration, factored, inside a step; and their rows, of which the messages know nothing. */
function withMessages<T>(
  values: Record<string, unknown>,
  body: (messages: FactoredMessages, tape: Tape, more: { stack: LinearStack; batch: (tape: Tape, worker: number) => SampleBatch; rows: Tensor }) => T,
): T {
  const config = resolveByzantineConfig({ ...BRIEF, ...values });
  const { task, dispose } = makeTask(core, config, data);
  const stepper = new Stepper(core);
  try {
    task.stack.initialize(5);
    const drawn = Int32Array.from({ length: 18 }, (_, at) => (at * 37) % 300);
    return stepper.step((tape) => {
      const factors = task.factors(tape, drawn, 1 / 2);
      const [messages, same] = [0, 1].map(() => new FactoredMessages(tape, task.stack, factors, 2, config.weight_decay)) as [FactoredMessages, FactoredMessages];
      return body(messages, tape, { stack: task.stack, batch: (inner, worker) => task.train.batch(inner, drawn.subarray(2 * worker, 2 * worker + 2)), rows: same.rows() });
    });
  } finally {
    stepper.dispose();
    dispose();
  }
}

const asVectors = (rows: Tensor): Vectors => ({ count: rows.shape[0]!, dimension: rows.shape[1]!, values: Float64Array.from(rows.toArray()) });

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, relative: number, what = 'value'): void {
  let largest = 1e-12;
  for (let at = 0; at < want.length; at++) largest = Math.max(largest, Math.abs(want[at]!));
  for (let at = 0; at < want.length; at++) expect(Math.abs(got[at]! - want[at]!), `${what} ${at}`).toBeLessThan(relative * largest);
}

describe.each([['notebook', {}], ['softmax', {}], ['mlp', {}], ['cnn', {}], ['notebook', { weight_decay: 0.3 }], ['cnn', { weight_decay: 0.3 }]] as const)('messages of the %s model, %o', (model, more) => {
  it('as factors have the inner products and combinations of the written ones', () => {
    withMessages({ model, ...more }, (messages, tape, { rows }) => {
      const weights = Float64Array.from({ length: 9 }, (_, at) => (at % 2 === 0 ? 0.3 : -0.2) * (at + 1));
      const [short, long] = [tape.empty([messages.dimension], 'float32', 'a'), tape.empty([messages.dimension], 'float32', 'b')];
      const [median, plain] = [tape.empty([messages.dimension], 'float32', 'median'), tape.empty([messages.dimension], 'float32', 'plain median')];
      const others = tape.empty([7, messages.dimension], 'float32', 'others');
      const few = rowRange(others, 0, 2);
      others.data.forEach((_, at) => (others.data[at] = ((at * 29) % 101) / 50 - 1));
      // From the factors: of larger batches the rows are taken once they are written.
      messages.combine(weights, short);
      const copies = { repeats: 4, weights, added: rowRange(others, 6, 7).view([messages.dimension]) };
      messages.medianWith(tape, copies, 0, median);
      const [products, fewProducts, gram] = [messages.products(others), messages.products(few), messages.gram()];
      const written = new WrittenMessages(rows);
      written.combine(weights, long);
      expectClose(short.toArray(), long.toArray(), 1e-5, 'combination');
      written.medianWith(tape, copies, 0, plain);
      expectClose(median.toArray(), plain.toArray(), 1e-5, 'median');
      expectClose(products, written.products(others), 1e-5, 'product');
      expectClose(fewProducts, written.products(few), 1e-5, 'product with few');
      expectClose(gram, written.gram(), 1e-5, 'inner product');
      const room = messages.rowsWithRoom(tape, 3);
      expect(room.shape).toEqual([12, messages.dimension]);
      expect(room.toArray().subarray(0, 9 * messages.dimension)).toEqual(messages.rows().toArray());
    });
  });
});

it('finds the mean of the messages where they are: at a distance of 0 to itself', async () => {
  for (const values of [{ batch_size: 20 }, { method: 'BatchSGD' }, {}]) {
    const { result } = await run({ aggregator: 'mean', attack: 'none', ...values });
    expect(result.rows.slice(1).map((row) => row.distance_to_honest_mean)).toEqual([0, 0, 0]);
  }
});

describe('the cnn', () => {
  it("gives each worker the gradient of the split-head family's network", () => {
    withMessages({ model: 'cnn' }, (messages, _tape, { stack, batch }) => {
      const { layers, features } = readSpecification('test', defaultCnnSpecification(12));
      const network = new Network(core, 'network', layers, features, { head: 10 });
      const parameters = [...network.parameters()].map(([, parameter]) => parameter);
      const starts = parameters.map(({ size }) => size).reduce((all, size) => [...all, all.at(-1)! + size], [0]);
      parameters.forEach((parameter, index) => parameter.data.set(stack.flat.data.subarray(starts[index]!, starts[index + 1]!)));
      const rows = messages.rows();
      for (const worker of [0, 4, 8]) {
        const stepper = new Stepper(core);
        stepper.step((inner) => {
          const { x, labels } = batch(inner, worker);
          inner.backward(softmaxCrossEntropy(inner, network.logits(inner, 'head', { pixels: x }), labels));
          const want = parameters.flatMap(({ grad }) => Array.from(grad!.toArray()));
          expectClose(rows.toArray().subarray(worker * messages.dimension, (worker + 1) * messages.dimension), want, 1e-5, `worker ${worker}, value`);
        });
        stepper.dispose();
      }
      network.dispose();
    });
  });
});

const RULES = ['mean', 'median', 'median:even=mean', 'gm:variant=notebook', 'krum', 'multi-krum', 'trimmed-mean', 'centered-clipping:tau=0.05', 'mda', 'meamed', 'monna', 'caf', 'smea', 'faba', 'cge', 'fltrust'];
const ATTACKS = ['none', 'max-value', 'zero-gradient', 'sign-flip', 'ipm', 'alie', 'min-max', 'mimic', 'isolation', 'isolation:0.5'];

describe.each(RULES)('the server with %s', (aggregator) => {
  it.each(ATTACKS)('gives what the plain rule gives on the written messages under %s', (attack) => {
    withMessages({ model: 'softmax' }, (messages, tape, { rows }) => {
      const honest = asVectors(rows);
      const crafted = attack === 'none' ? honest : stackRows(honest, parseAttack(attack).craft(honest, 3, { generator: { normals: () => new Float64Array(0) }, step: 0 }));
      const byzantine = attack === 'none' ? 0 : 3;
      const want = aggregateThrough([], parseAggregator(aggregator), crafted, { byzantine });
      const server = new Server(core, 9, { aggregator, pre: '', attack, byzantine, sentByzantine: 0, seed: 1 });
      const into = tape.empty([messages.dimension], 'float32', 'aggregate');
      server.aggregate(tape, messages, 0, into);
      // float32 messages: their inner products have 1e-6, which CAF and SMEA's eigenvectors and Weiszfeld's stop make more of.
      expectClose(into.toArray(), want, 1e-4, aggregator);
      server.dispose();
    });
  });

  it('does so behind pre-aggregators', () => {
    // Clipped to one length, rows have no smallest norms for CGE to find.
    const pre = aggregator === 'cge' ? 'nnm' : 'nnm,clipping:0.3';
    withMessages({ model: 'softmax' }, (messages, tape, { rows }) => {
      const honest = asVectors(rows);
      const crafted = stackRows(honest, parseAttack('max-value').craft(honest, 3, { generator: { normals: () => new Float64Array(0) }, step: 0 }));
      const want = aggregateThrough(parsePreAggregators(pre), parseAggregator(aggregator), crafted, { byzantine: 3 });
      const server = new Server(core, 9, { aggregator, pre, attack: 'max-value', byzantine: 3, sentByzantine: 0, seed: 1 });
      const into = tape.empty([messages.dimension], 'float32', 'aggregate');
      server.aggregate(tape, messages, 0, into);
      expectClose(into.toArray(), want, 1e-3, aggregator);
      server.dispose();
    });
  });
});

describe('a run', () => {
  const CASES: [string, Record<string, unknown>][] = [
    ['SGD', { attack: 'white', aggregator: 'median' }],
    ['BatchSGD', { attack: 'alie', aggregator: 'trimmed-mean', batch_size: 6, momentum: 0.5, weight_decay: 0.01 }],
    ['SAGA', { attack: 'zero-gradient', weight_decay: 0.01 }],
    ['SVRG', { attack: 'max-value', aggregator: 'centered-clipping' }],
    ['SARAH', { attack: 'ipm', aggregator: 'krum' }],
    ['SVRG', { attack: 'sign-flip', aggregator: 'gm', model: 'cnn', honest_size: 4, byzantine_size: 1, display_interval: 2, hidden_dims: [4] }],
    ['CentralSARAH', { attack: 'none', byzantine_size: 0 }],
    ['SGD', { attack: 'label-flip', aggregator: 'multi-krum', partition: 'dirichlet:0.5', model: 'mlp' }],
    ['SGD', { attack: 'white', aggregator: 'gm', pre: 'bucketing:2', byzantine_size: 2, model: 'logistic', partition: 'iid' }],
  ];

  it.each(CASES)('of %s %o ends in the same bits from each of its checkpoints', async (method, values) => {
    const config = { method, ...values };
    const whole = await run(config, { checkpointEvery: 1 });
    const checkpoints = whole.events.filter((event) => event.type === 'checkpoint');
    const { display_interval } = { ...BRIEF, ...values };
    expect(checkpoints.map(({ done }) => done)).toEqual([1, 2, 3].map((round) => round * display_interval));
    for (const { bytes, done } of checkpoints) {
      const { events, result } = await run(config, { resume: bytes });
      expect(events[0]).toMatchObject({ resumedAt: done });
      expect(result, `from step ${done}`).toEqual(whole.result);
    }
    expect((await run(config)).result.digest).toBe(whole.result.digest);
  });

  it('gives its memory back', async () => {
    await run();
    const before = core.memory.allocatedBytes;
    for (const method of ['SGD', 'SAGA', 'SVRG', 'SARAH']) await run({ method, attack: 'white', aggregator: 'centered-clipping' });
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it("under zero-gradient with mean leaves the parameters where they are, up to rounding", async () => {
    const { result } = await run({ attack: 'zero-gradient', aggregator: 'mean', gamma: 0.5 });
    expect(result.rows.at(-1)!.validation_loss).toBeCloseTo(result.rows[0]!.validation_loss, 5);
  });
});
