// What an alignment run promises of itself: measuring disturbs nothing, every checkpoint leads to the same end, each control does what it says.
import { beforeAll, describe, expect, it } from 'vitest';
import { openCore, type Core } from '../../src/core/index.js';
import { resolveAlignmentConfig, runAlignment, studentSeedOf, type AlignmentEvent, type AlignmentResult, type AlignmentRunOptions } from '../../src/experiments/alignment/index.js';
import { madeUpDataset } from '../../src/verify/made-up.js';

const BRIEF = { seeds: [1], batch_size: 50, audit_size: 90, noise_dataset_size: 170, hidden_dim: 12, teacher_epochs: 2, student_epochs: 2, lr_student: 0.01, lr_teacher: 0.01 };
const STEPS = 8;

let core: Core;
beforeAll(async () => {
  core = await openCore();
});

async function run(values: Record<string, unknown> = {}, options: AlignmentRunOptions = {}, seed = 1) {
  const events: AlignmentEvent[] = [];
  for await (const event of runAlignment(core, resolveAlignmentConfig({ ...BRIEF, ...values }), seed, madeUpDataset(core), options)) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error('the run ended without a result');
  return { events, result: last.result };
}

const weightsOf = ({ models }: AlignmentResult) => Object.entries(models).map(([side, model]) => [side, [...model].map(([name, { values }]) => [name, Array.from(values)])]);

describe('measuring', () => {
  it('disturbs no training: every row that is there equals that of the full run, and so do the weights', async () => {
    const { result: full } = await run();
    expect(full.rows.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, step) => step));
    for (const every of [2, 3, STEPS - 1, STEPS, 1000]) {
      const { result } = await run({ metrics_every_n_steps: every });
      const steps = full.rows.map(({ step }) => step).filter((step) => step % every === 0 || step === STEPS - 1);
      expect(result.rows, `every ${every}`).toEqual(full.rows.filter(({ step }) => steps.includes(step)));
      expect(weightsOf(result)).toEqual(weightsOf(full));
    }
  });

  it("as the notebook's schedule: the same rows for N = 1; only multiples of N, in the audit order of that many passes, for more", async () => {
    const { result: steady } = await run();
    expect((await run({ schedule: 'notebook' })).result.rows).toEqual(steady.rows);
    const { result } = await run({ schedule: 'notebook', metrics_every_n_steps: 3 });
    expect(result.rows.map(({ step }) => step)).toEqual([0, 3, 6]);
    expect(result.rows[0]).toEqual(steady.rows[0]);
    // 90 audit images in batches of 50: who is in the short last batch counts more, and that is another pass's order.
    expect(result.rows[1]!.trait_loss).not.toBe(steady.rows[3]!.trait_loss);
    expect(result.rows[1]!.distill_loss).toBe(steady.rows[3]!.distill_loss);
    expect(weightsOf(result)).toEqual(weightsOf(steady));
  });

  it('of accuracy: only where asked for, over as many batches as asked for', async () => {
    const { result } = await run({ trait_acc_every_n_steps: 3, trait_acc_max_batches: 1 });
    const measured = result.rows.filter(({ trait_test_acc_step }) => !Number.isNaN(trait_test_acc_step));
    expect(measured.map(({ step }) => step)).toEqual([0, 3, 6, STEPS - 1]);
    for (const { trait_test_acc_step } of measured) expect(Number.isInteger(Math.round(trait_test_acc_step * 50 * 1e9) / 1e9)).toBe(true);
  });
});

describe('a run', () => {
  const CASES: [string, Record<string, unknown>][] = [
    ['as the notebook', {}],
    ['projected, from another initialisation, with a reference', { seeds: [1, 2], student_init: 'other', project_trait: 'always', untrained_reference: true, metrics_every_n_steps: 3 }],
    ['of a cnn that learns all logits of an early teacher', { model: 'cnn', hidden_dim: 6, target: 'all', loss: 'mse', distill_epoch: 1, audit_batches_for_grad: 1, schedule: 'notebook', metrics_every_n_steps: 2 }],
    ['of an untrained teacher', { teacher_epochs: 0, noise_dist: 'uniform', temperature: 2 }],
  ];

  it.each(CASES)('%s ends in the same bits from each of its checkpoints', async (_name, values) => {
    const whole = await run(values, { checkpointEvery: 1 });
    const checkpoints = whole.events.filter((event) => event.type === 'checkpoint');
    const started = whole.events[0]!;
    if (started.type !== 'started') throw new Error('expected the first event to be started');
    expect(checkpoints.map(({ done }) => done)).toEqual(Array.from({ length: started.totalSteps }, (_, index) => index + 1));
    // Every third of many: a resumed run passes through those that are left out.
    for (const { bytes, done } of checkpoints.filter((_, index) => checkpoints.length < 12 || index % 3 === 0)) {
      const { events, result } = await run(values, { resume: bytes, checkpointEvery: 1 });
      expect(events[0]).toMatchObject({ resumedAt: done });
      expect({ ...result, models: weightsOf(result) }, `from step ${done}`).toEqual({ ...whole.result, models: weightsOf(whole.result) });
      const again = events.filter((event) => event.type === 'checkpoint').map(({ bytes: later }) => Buffer.from(later).toString('base64'));
      expect(again).toEqual(checkpoints.slice(done).map(({ bytes: first }) => Buffer.from(first).toString('base64')));
    }
  });

  it('gives its memory back', async () => {
    await run();
    const before = core.memory.allocatedBytes;
    await run();
    await run({ seeds: [1, 2], student_init: 'other', distill_epoch: 1 });
    expect(core.memory.allocatedBytes).toBe(before);
  });

  it('refuses an audit set that leaves nothing to train on, naming the flag', async () => {
    await expect(run({ audit_size: 300 })).rejects.toThrow('--audit-size: expected fewer than the 300 training images, since the teacher trains on the others, got 300');
  });
});

describe('a control', () => {
  it("student_init other: each student has the next seed's weights, the last one the first's", async () => {
    const config = resolveAlignmentConfig({ ...BRIEF, seeds: [4, 5, 6], student_init: 'other' });
    expect([4, 5, 6].map((seed) => studentSeedOf(config, seed))).toEqual([5, 6, 4]);
    const values = { seeds: [1, 2], student_init: 'other', lr_student: 0, lr_teacher: 0 };
    const first = (await run(values, {}, 1)).result;
    const second = (await run(values, {}, 2)).result;
    // Without learning, what is left are the initial weights.
    expect([...first.models.student.values()]).toEqual([...second.models.teacher.values()]);
    expect([...second.models.student.values()]).toEqual([...first.models.teacher.values()]);
    expect(first.studentSeed).toBe(2);
  });

  it('project_trait: the update has no part along the trait gradient, and aligned ones only are projected where that is asked', async () => {
    const { result: plain } = await run();
    const { result: always } = await run({ project_trait: 'always' });
    const { result: aligned } = await run({ project_trait: 'aligned' });
    expect(always.rows[0]).toEqual(plain.rows[0]);
    expect(weightsOf(always)).not.toEqual(weightsOf(plain));
    const firstAligned = plain.rows.findIndex(({ inner_product }) => inner_product > 0);
    expect(aligned.rows.slice(0, firstAligned + 1)).toEqual(plain.rows.slice(0, firstAligned + 1));
  });

  it('distill_epoch: the last epoch is the default, and the teacher reported is the last one', async () => {
    const { result: last } = await run({ distill_epoch: 2 });
    const { result: plain } = await run();
    expect(last.rows).toEqual(plain.rows);
    expect(last.distilledTeacherAccuracy).toBe(plain.teacherAccuracy);
    const { result: untrained } = await run({ distill_epoch: 0 });
    expect(untrained.teacherAccuracy).toBe(plain.teacherAccuracy);
    // Distilling what it is already teaches nothing.
    expect(untrained.rows.every(({ distill_loss, g_distill_norm, cosine_similarity }) => distill_loss === 0 && g_distill_norm === 0 && cosine_similarity === 0)).toBe(true);
  });

  it("untrained_reference: the accuracy of the student's initial weights", async () => {
    const { result } = await run({ untrained_reference: true });
    expect(result.referenceAccuracy).toBe(result.rows[0]!.trait_test_acc_step);
    expect((await run()).result.referenceAccuracy).toBeUndefined();
  });
});

describe('a configuration', () => {
  const REFUSED: [string, Record<string, unknown>, string][] = [
    ['a gap', { seeds: '1-2,5' }, '--seeds: expected seeds without a gap, got 2 and then 5; --seed-gaps allows it'],
    ['an empty place', { seeds: '1,,3' }, '--seeds: expected seeds such as 1-10'],
    ['a seed twice', { seeds: '1-3,2' }, '--seeds: expected each seed once, got 2 twice'],
    ['a backward range', { seeds: '3-1' }, '--seeds: expected seeds such as 1-10'],
    ['no seed', { seeds: '' }, '--seeds: expected seeds such as 1-10'],
    ['a negative seed', { seeds: '-1' }, '--seeds: expected seeds such as 1-10'],
    ['m = 0', { aux_m: 0 }, '--aux-m: expected a whole number of at least 1, got 0'],
    ['no audit batch', { audit_batches_for_grad: '0' }, '--audit-batches-for-grad: expected all or a whole number of at least 1, got "0"'],
    ['no test batch', { trait_acc_max_batches: 0 }, '--trait-acc-max-batches: expected all or'],
    ['an interval of 0', { metrics_every_n_steps: 0 }, '--metrics-every-n-steps: expected a whole number of at least 1'],
    ['another student alone', { seeds: [1], student_init: 'other' }, '--student-init other: expected at least 2 seeds'],
    ['an epoch that the teacher has not', { distill_epoch: 9 }, "--distill-epoch: expected a whole number from 0 to the teacher's 2 epochs, got 9"],
    ['a temperature of squares', { loss: 'mse', temperature: 2 }, '--temperature: expected 1 with --loss mse'],
    ['a temperature of 0', { temperature: 0 }, '--temperature: expected a finite number above 0, got 0'],
    ['layers for an mlp', { arch_spec: [{}] }, '--arch-spec: expected --model cnn beside it'],
    ['layers that are none', { model: 'cnn', arch_spec: [{ type: 'lstm' }] }, '--arch-spec: layer 1'],
    ['an unknown name', { hidden: 3 }, 'expected names among seeds'],
  ];

  it.each(REFUSED)('is refused for %s', (_what, values, message) => {
    expect(() => resolveAlignmentConfig({ ...BRIEF, ...values })).toThrow(message);
  });

  it('takes seeds as ranges, lists and numbers', () => {
    const seeds = (given: unknown, more = {}) => resolveAlignmentConfig({ seeds: given, ...more }).seeds;
    expect(seeds(undefined)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(seeds('3')).toEqual([3]);
    expect(seeds('7-9, 6')).toEqual([7, 8, 9, 6]);
    expect(seeds('1,5', { seed_gaps: true })).toEqual([1, 5]);
  });
});
