// The files of a run: names, columns, order and texts, against those of the original program.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/outputs/index.js';
import { fixtureCases } from '../experiments/split-head-fixture.js';
import { Bench } from './cli-fixture.js';

// subliminal_core.py: run_experiment's run_row, make_all_layer_metrics and apply_perturbations_at_timing. The fixtures
// hold those rows from PyTorch without what differs from run to run or machine to machine: that is put back here.
const LEADING = ['schema_version', 'run_id', 'timestamp', 'runtime_seconds', 'sweep_name', 'run_label', 'seed'];
const LABELS = ['schema_version', 'run_id', 'seed', 'sweep_name', 'run_label'];
const OURS = ['isolab_profile', 'isolab_wasm_sha256', 'isolab_threads', 'isolab_backend', 'isolab_engine', 'isolab_data_sha256', 'isolab_result_digest', 'isolab_bits_promised'];
const OMITTED_AFTER: Record<string, string[]> = { dataloader_seed: ['torch_version', 'cuda_available', 'device'], num_classes: ['data_dir', 'outdir'] };
// effective_config's names: the fields of ExperimentConfig.
const CONFIG_NAMES = [
  'append_global', 'class_count', 'class_selection', 'data_bsize', 'data_dir', 'dataset', 'device', 'emnist_split', 'eval_noise_batches', 'eval_noise_bsize', 'm',
  'noise_bsize', 'noise_dist', 'noise_steps', 'normalize_noise', 'num_workers', 'outdir', 'perlin_res', 'perturb_specs', 'run_label', 'seed', 'student_arch_spec',
  'student_epochs', 'student_hidden_dims', 'student_init', 'student_lr', 'student_trainable', 'student_type', 'sweep_name', 'teacher_arch_spec', 'teacher_epochs',
  'teacher_hidden_dims', 'teacher_init', 'teacher_lr', 'teacher_trainable', 'teacher_type',
];
const RECORD_NAMES = [
  'effective_config', 'isolab', 'run_id', 'schema_version', 'seed_info', 'student_arch_description', 'student_init_config', 'student_trainable_config',
  'teacher_arch_description', 'teacher_init_config', 'teacher_trainable_config', 'timestamp',
];

function originalRunColumns(): string[] {
  const recorded = Object.keys(fixtureCases[0]!.run_row).filter((name) => !LEADING.includes(name));
  return [...LEADING, ...recorded.flatMap((name) => [name, ...(OMITTED_AFTER[name] ?? [])])];
}

const header = (text: string) => parseCsv(text.slice(0, text.indexOf('\n') + 1))[0]!;

const reference = '../shared/reference/splithead_seed42';
const referenceFile = (name: string) => new URL(`../../${reference}/${name}`, import.meta.url);
const hasReference = existsSync(referenceFile('runs.csv'));
if (!hasReference) console.warn(`skipped: ${reference} is not beside this checkout, so headers are compared with the fixtures alone`);

describe('files of a run', () => {
  const perturb = ['--perturb', 'student:all,std=0.01', '--perturb', 'teacher:aux_head,std=1,timing=after_teacher_training,include_bias=false'];

  it("have the original's columns in its order, then ours", async () => {
    const bench = new Bench();
    await bench.summary(...perturb);
    expect(header(bench.read('runs.csv')!)).toEqual([...originalRunColumns(), ...OURS]);
    expect(header(bench.read('layer_metrics.csv')!)).toEqual([...LABELS, ...Object.keys(fixtureCases[0]!.layer_rows[0]!).filter((name) => !LABELS.includes(name))]);
    const perturbed = fixtureCases.find(({ perturbation_rows }) => perturbation_rows.length > 0)!;
    expect(header(bench.read('perturbations.csv')!)).toEqual([...LABELS, ...Object.keys(perturbed.perturbation_rows[0]!).filter((name) => !LABELS.includes(name))]);
    const record = JSON.parse(bench.read('configs.jsonl')!);
    expect(Object.keys(record)).toEqual(RECORD_NAMES);
    expect(Object.keys(record.effective_config)).toEqual(CONFIG_NAMES);
    expect(Object.keys(record.seed_info)).toEqual(['dataloader_seed', 'rng_base', 'student_model_seed', 'student_training_seed', 'teacher_model_seed', 'teacher_training_seed']);
  });

  it.runIf(hasReference)('have the columns that the original program itself wrote', async () => {
    const bench = new Bench();
    await bench.summary();
    for (const name of ['runs.csv', 'layer_metrics.csv']) {
      const original = header(readFileSync(referenceFile(name), 'utf8'));
      expect(header(bench.read(name)!).slice(0, original.length)).toEqual(original);
    }
  });

  it('hold cells as Python writes them', async () => {
    const bench = new Bench();
    await bench.summary('--run-label', 'Köln, "a"\nb', '--teacher-lr', '1', '--student-lr', '0.00001', ...perturb);
    const [columns, row] = parseCsv(bench.read('runs.csv')!) as [string[], string[]];
    const cell = (name: string) => row[columns.indexOf(name)];
    expect(cell('run_label')).toBe('Köln, "a"\nb');
    expect(cell('teacher_lr')).toBe('1');
    expect(cell('student_lr')).toBe('1e-05');
    expect(cell('normalize_noise')).toBe('0');
    expect(cell('class_count')).toBe('4');
    expect(cell('teacher_hidden_dims')).toBe('[8]');
    expect(cell('teacher_layer_names')).toBe('["fc1", "class_head", "aux_head"]');
    expect(cell('teacher_trainable_config')).toBe('{"aux_head": true, "class_head": true, "fc1": true}');
    expect(cell('perturb_specs')).toBe(
      '[{"distribution": "normal", "include_bias": true, "include_weight": true, "index": 0, "layers": ["fc1", "class_head", "aux_head"], "std": 0.01, "target": "student", "timing": "before_student_training"}, ' +
        '{"distribution": "normal", "include_bias": false, "include_weight": true, "index": 1, "layers": ["aux_head"], "std": 1.0, "target": "teacher", "timing": "after_teacher_training"}]',
    );
    expect(bench.read('runs.csv')!.endsWith('\r\n')).toBe(true);
    expect(bench.read('configs.jsonl')).toContain('"teacher_lr": 1.0');
    expect(bench.read('configs.jsonl')).toContain('"run_label": "K\\u00f6ln, \\"a\\"\\nb"');
  });

  it('lie in the folder of their seed, and in the global files with --append-global', async () => {
    const bench = new Bench();
    await bench.summary('--seed', '1234567', '--append-global', ...perturb);
    await bench.summary('--seed', '3', '--append-global', ...perturb);
    await bench.summary('--seed', '4', ...perturb);
    expect(bench.list('')).toEqual(['layer_metrics_all_seeds.csv', 'perturbations_all_seeds.csv', 'runs_all_seeds.csv', 'seed_000003', 'seed_000004', 'seed_1234567']);
    for (const [name, rows] of [['layer_metrics', 24], ['perturbations', 4], ['runs', 1]] as const) {
      const global = parseCsv(readFileSync(join(bench.out, `${name}_all_seeds.csv`), 'utf8'));
      const own = ['seed_1234567', 'seed_000003'].map((seed) => parseCsv(bench.read(`${name}.csv`, seed)!));
      expect(global).toEqual([own[0]![0], ...own[0]!.slice(1), ...own[1]!.slice(1)]);
      expect(global.length).toBe(1 + 2 * rows);
    }
  });

  it('hold no perturbations.csv without perturbations, and nan where there was no batch', async () => {
    const bench = new Bench();
    const summary = await bench.summary('--teacher-epochs', '0', '--student-epochs', '0', '--eval-noise-batches', '0');
    expect(bench.list()).toEqual(['configs.jsonl', 'layer_metrics.csv', 'runs.csv']);
    const [columns, row] = parseCsv(bench.read('runs.csv')!) as [string[], string[]];
    for (const name of ['student_init_aux_loss', 'student_final_aux_loss', 'teacher_train_loss_last', 'student_train_aux_loss_last']) {
      expect(row[columns.indexOf(name)], name).toBe('nan');
    }
    expect(summary.student_final_aux_loss).toBeNull();
  });
});
