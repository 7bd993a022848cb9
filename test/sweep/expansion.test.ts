// The shipped grids have the original's runs, and every one is a configuration that splithead takes.
import { describe, expect, it } from 'vitest';
import { planSplitHead, resolveSplitHeadConfig } from '../../src/experiments/splithead/index.js';
import { expandSweep, readSweepSpecification, runTitle, selectFrom, SHIPPED_SWEEPS, shippedSweep } from '../../src/sweep/index.js';

/** Runs of each of the original's shell scripts. */
const ORIGINAL: Record<string, Record<string, number>> = {
  figure2: { same_init: 120, rand_first_hid: 120, rand_sec_hid: 120, rand_both_hid: 120, rand_class_head: 120, rand_aux_head: 120 },
  figure3: {
    emnist_sweep: 920, student_first_layer_d_sweep_m10: 380, student_first_layer_d_sweep_m50: 380, student_minus_one_layer_m10: 20, student_minus_one_layer_m50: 20,
    student_plus_one_layer_m10: 20, student_plus_one_layer_m50: 20, mlp_teacher_cnn_student_m10: 20, mlp_teacher_cnn_student_m50: 20,
  },
  figure4: { noise_m_sweep: 8000, m1_noise_sweep: 520, noise1_m_sweep: 520 },
  figure5: { perturb_student_aux_head: 800, perturb_student_class_head: 800 },
  figure6: { d_sweep_baseline: 620, d_sweep_baseline_emnist: 620, d_sweep_fixed_class_head: 620, d_sweep_fixed_aux_head: 620, d_sweep_fixed_aux_class_head: 620 },
};

const runsOf = (name: string) => expandSweep(shippedSweep(name)!);
const configOf = (name: string, condition: string, point: Record<string, unknown> = {}) =>
  runsOf(name).find((run) => run.condition === condition && Object.entries(point).every(([axis, value]) => run.point[axis] === value))!.config;

describe('the shipped sweeps', () => {
  it('are the five figures', () => expect(SHIPPED_SWEEPS).toEqual(Object.keys(ORIGINAL)));

  it.each(SHIPPED_SWEEPS)('%s has the run counts of the original', (name) => {
    const counts: Record<string, number> = {};
    for (const { condition } of runsOf(name)) counts[condition] = (counts[condition] ?? 0) + 1;
    expect(counts).toEqual(ORIGINAL[name]);
  });

  it.each(SHIPPED_SWEEPS)('%s: splithead accepts every configuration as it stands', (name) => {
    for (const { config } of runsOf(name)) {
      const again = resolveSplitHeadConfig(JSON.parse(JSON.stringify(config)));
      expect(again).toEqual(config);
      planSplitHead(again);
    }
  });

  it.each(SHIPPED_SWEEPS)('%s: differs from the original default only where its condition says so', (name) => {
    const initial = resolveSplitHeadConfig({});
    const allowed = [
      'seed', 'm', 'student_init', 'teacher_init', 'dataset', 'class_count', 'student_hidden_dims', 'teacher_hidden_dims', 'student_type', 'student_arch_spec', 'noise_dist', 'noise_steps',
      'perturb_specs', 'teacher_trainable', 'student_trainable',
    ];
    for (const { config } of runsOf(name)) {
      const changed = Object.entries(config).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(initial[field as keyof typeof initial])).map(([field]) => field);
      expect(changed.filter((field) => !allowed.includes(field))).toEqual([]);
    }
  });

  it('says what each condition of the paper differs in', () => {
    expect(configOf('figure2', 'rand_both_hid', { m: 25 })).toMatchObject({ m: 25, student_init: 'random,random,A,A', teacher_init: null, noise_dist: 'uniform', seed: 0 });
    expect(configOf('figure3', 'emnist_sweep', { class_count: 47 })).toMatchObject({ dataset: 'emnist', emnist_split: 'balanced', class_count: 47, m: 50, student_init: 'random,random,A,A' });
    expect(configOf('figure3', 'student_first_layer_d_sweep_m10', { first_width: 4096 })).toMatchObject({ student_hidden_dims: [4096, 256], teacher_hidden_dims: [256, 256], m: 10 });
    expect(configOf('figure3', 'student_minus_one_layer_m50')).toMatchObject({ student_hidden_dims: [256], teacher_init: 'random,random,A,A', student_init: 'random,A,A', m: 50 });
    expect(configOf('figure3', 'student_plus_one_layer_m10')).toMatchObject({ student_hidden_dims: [256, 256, 256], student_init: 'random,random,random,A,A', m: 10 });
    expect(configOf('figure3', 'mlp_teacher_cnn_student_m10')).toMatchObject({ teacher_hidden_dims: [256, 256, 256], student_type: 'cnn', noise_dist: 'perlin', perlin_res: 8 });
    expect(planSplitHead(configOf('figure3', 'mlp_teacher_cnn_student_m10')).student).toMatchObject({ width: 256, layerNames: ['conv1', 'conv2', 'fc1', 'class_head', 'aux_head'] });
    expect(configOf('figure4', 'm1_noise_sweep', { noise_steps: 8192 })).toMatchObject({ m: 1, noise_steps: 8192 });
    expect(configOf('figure4', 'noise1_m_sweep', { m: 8192 })).toMatchObject({ m: 8192, noise_steps: 1, noise_bsize: 1000 });
    expect(planSplitHead(configOf('figure5', 'perturb_student_class_head', { std: 0.2 })).perturbations).toEqual([
      { index: 0, target: 'student', timing: 'before_student_training', layers: ['class_head'], std: 0.2, include_weight: true, include_bias: true, distribution: 'normal' },
    ]);
  });

  it('freezes what the condition of figure 6 is named after, on both sides', () => {
    const frozen = (condition: string) => {
      const { teacher, student } = planSplitHead(configOf('figure6', condition, { width: 11585 }));
      return [teacher, student].map(({ trainable }) => Object.keys(trainable).filter((layer) => !trainable[layer]));
    };
    expect(frozen('d_sweep_baseline')).toEqual([[], []]);
    expect(frozen('d_sweep_fixed_class_head')).toEqual([['class_head'], ['class_head']]);
    expect(frozen('d_sweep_fixed_aux_head')).toEqual([['aux_head'], ['aux_head']]);
    expect(frozen('d_sweep_fixed_aux_class_head')).toEqual([['class_head', 'aux_head'], ['class_head', 'aux_head']]);
    expect(configOf('figure6', 'd_sweep_baseline_emnist', { width: 1 })).toMatchObject({ dataset: 'emnist', m: 50, teacher_hidden_dims: [256, 1], student_hidden_dims: [256, 1] });
  });
});

const SMALL = { name: 'small', base: { teacher_epochs: 1 }, axes: [{ name: 'm', values: [3, 10] }], conditions: [{ name: 'a' }, { name: 'b', values: { student_init: 'A,A,random,A' } }], seeds: [0, 1] };
const expanded = (spec: unknown) => expandSweep(readSweepSpecification(spec, 'sweep small.json'));

describe('expansion', () => {
  it('goes through conditions, axes and seeds in their order', () => {
    expect(expanded(SMALL).map(runTitle)).toEqual(['a, m=3, seed 0', 'a, m=3, seed 1', 'a, m=10, seed 0', 'a, m=10, seed 1', 'b, m=3, seed 0', 'b, m=3, seed 1', 'b, m=10, seed 0', 'b, m=10, seed 1']);
  });

  it('a spec without conditions is one condition of its own name', () => {
    const { conditions: _, ...alone } = SMALL;
    expect(expanded(alone).map(({ condition }) => condition)).toEqual(['small', 'small', 'small', 'small']);
  });

  it('takes conditions, seeds and values of axes out of a sweep', () => {
    const chosen = (selection: Parameters<typeof selectFrom>[1]) => expandSweep(selectFrom(shippedSweep('figure4')!, selection));
    const part = chosen({ conditions: 'm1_noise_sweep', seeds: '0-1', only: ['noise_steps=1-1024'] });
    expect(part).toHaveLength(20 * 2);
    expect(part.at(-1)).toMatchObject({ condition: 'm1_noise_sweep', point: { noise_steps: 1024 }, config: { seed: 1, m: 1 } });
    expect(chosen({ seeds: '7', only: ['m=3,8', 'noise_steps=1'] })).toHaveLength(2 + 1 + 2);
  });
});

describe('what is refused, before anything runs', () => {
  const REFUSED: [what: string, spec: unknown, message: string][] = [
    ['an unknown flag', { ...SMALL, base: { teacher_epoch: 1 } }, 'sweep small: a, m=3, seed 0: values: expected names among'],
    ['an unknown flag in a condition', { ...SMALL, conditions: [{ name: 'a', values: { mm: 1 } }] }, 'got "mm"'],
    ['a value that splithead refuses', { ...SMALL, axes: [{ name: 'm', values: [3, 0] }] }, 'sweep small: a, m=0, seed 0: --m: expected a whole number of at least 1, got 0'],
    ['a layer that is none', { ...SMALL, conditions: [{ name: 'a', values: { student_init: 'fc9:A' } }] }, 'sweep small: a, m=3, seed 0: --student-init'],
    ['no values', { ...SMALL, axes: [{ name: 'm', values: [] }] }, 'sweep small.json axis m: expected at least one value, got none'],
    ['no conditions', { ...SMALL, conditions: [] }, 'sweep small.json: expected conditions to be a list of at least one condition, got []'],
    ['no seeds', { ...SMALL, seeds: [] }, 'sweep small.json seeds: expected at least one value, got none'],
    ['a seed twice', { ...SMALL, seeds: [1, 1] }, 'each seed once'],
    ['a seed beyond', { ...SMALL, seeds: [2 ** 53 - 1] }, '--seed: expected a whole number from 0 to'],
    ['an unknown key', { ...SMALL, seed: [1] }, 'sweep small.json: expected keys among name, title'],
    ['a seed among the values', { ...SMALL, base: { seed: 3 } }, 'sweep small.json base: expected seeds in "seeds"; got "seed"'],
    ['an axis that nothing takes', { ...SMALL, axes: [{ name: 'width', values: [1] }] }, 'expected axis "width" to be a field of splithead or to stand as "$width"'],
    ['a value of no axis', { ...SMALL, base: { student_hidden_dims: ['$width'] } }, 'expected $width to name an axis (m)'],
    ['a field from two places', { ...SMALL, conditions: [{ name: 'a', values: { m: 3 } }] }, 'expected "m" from the axis or from the condition\'s values, got both'],
    ['a condition twice', { ...SMALL, conditions: [{ name: 'a' }, { name: 'a' }] }, 'expected each condition once, got "a" twice'],
    ['a name for no file', { ...SMALL, name: '../small' }, 'expected name to be a name of letters'],
    ['a figure over no axis', { ...SMALL, figures: [{ name: 'f', axis: 'width', measures: ['student_final_acc'] }] }, 'sweep small.json figure 1: expected axis to be an axis of condition a (m), got "width"'],
    ['a figure of no measure', { ...SMALL, figures: [{ name: 'f', axis: 'm', measures: ['accuracy'] }] }, 'expected measures among teacher_init_acc'],
    ['no object', [SMALL], 'sweep small.json: expected a JSON object'],
  ];
  it.each(REFUSED)('%s', (_what, spec, message) => expect(() => expanded(spec)).toThrow(message));

  it.each([
    [{ conditions: 'a,c' }, '--conditions: expected names among a, b; got "c"'],
    [{ seeds: '0-' }, '--seeds: expected numbers such as'],
    [{ seeds: '1,1' }, '--seeds: expected each seed once'],
    [{ seeds: '1.5' }, '--seeds: expected whole numbers'],
    [{ only: ['width=3'] }, '--only: expected AXIS=VALUES with an axis among m, got "width=3"'],
    [{ only: ['m=4-9'] }, '--only: expected values that axis m of small has, got "4-9"'],
    [{ only: ['m=three'] }, '--only m: expected numbers'],
  ])('%j', (selection, message) => {
    expect(() => selectFrom(readSweepSpecification(SMALL, 'sweep small.json'), selection)).toThrow(message);
  });
});
