// Recorded runs that nobody computed: what a command takes with thousands of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Epochs of none: a run is its evaluations. The one that is computed is the others' template. */
export const SYNTHETIC = {
  name: 'synthetic',
  title: 'Runs that nobody computed',
  base: { teacher_epochs: 0, student_epochs: 0, eval_noise_batches: 1 },
  axes: [{ name: 'm', values: { rule: 'range', from: 1, to: 500 } }],
  conditions: [{ name: 'same' }],
  figures: [{ name: 'accuracy', axis: 'm', x_scale: 'log', measures: ['student_final_acc'], chance: true }],
};

/**
 * Writes records and times like those of a run that was computed.
 * @param runs [{ runId, m, seed }]
 * @param record, times texts of the template's files
 */
export function writeSyntheticRuns(outDir, runs, record, times) {
  const template = JSON.parse(record);
  for (const { runId, m, seed } of runs) {
    const folder = join(outDir, 'runs', runId);
    mkdirSync(folder, { recursive: true });
    const accuracy = ((m * 31 + seed * 17) % 1000) / 1000;
    const own = { ...template, run_id: runId, config: { ...template.config, m, seed }, row: { ...template.row, m, seed, student_final_acc: accuracy } };
    writeFileSync(join(folder, 'times.json'), times);
    writeFileSync(join(folder, 'record.json'), `${JSON.stringify(own, null, 1)}\n`);
  }
}
