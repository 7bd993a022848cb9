// A sweep of a few milliseconds a run, on the small dataset.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isolab, scratchFolder, writeSmallEmnist, type Outcome } from './cli-fixture.js';

export const TINY = {
  name: 'tiny',
  title: 'A small sweep',
  base: {
    dataset: 'emnist', emnist_split: 'letters', class_count: 4, teacher_epochs: 1, student_epochs: 1, noise_steps: 3, noise_bsize: 16, eval_noise_batches: 1, eval_noise_bsize: 16,
    data_bsize: 32, teacher_hidden_dims: [8], student_hidden_dims: [8],
  },
  axes: [{ name: 'm', values: [3, 10] }],
  conditions: [{ name: 'same' }, { name: 'random_class_head', values: { student_init: 'A,random,A' } }],
  seeds: [0, 1],
  figures: [{ name: 'accuracy', axis: 'm', x_scale: 'log', measures: ['student_final_acc'], chance: true }],
};

/** A folder with the small dataset, a spec, and outputs. */
export class SweepBench {
  readonly folder = scratchFolder();
  readonly data = writeSmallEmnist(join(this.folder, 'data'));
  readonly out: string;
  readonly spec = join(this.folder, 'tiny.json');

  constructor(spec: unknown = TINY, out = 'out') {
    this.out = join(this.folder, out);
    writeFileSync(this.spec, JSON.stringify(spec));
  }

  /** Words of a command, such as `sweep run`, on this sweep. */
  words(command: string, ...more: string[]): string[] {
    return [...command.split(' '), this.spec, '--data-dir', this.data, '--out-dir', this.out, ...more];
  }

  isolab(command: string, ...more: string[]): Promise<Outcome> {
    return isolab(...this.words(command, ...more));
  }

  /** Every file that was written, but for times and what speaks of them, by its path. */
  results(): Record<string, string> {
    const files: Record<string, string> = {};
    for (const entry of readdirSync(this.out, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(this.out.length + 1);
      if (entry.isFile() && !/times\.(json|csv)$/.test(path) && !path.includes('slurm/')) files[path] = readFileSync(join(this.out, path), 'latin1');
    }
    return files;
  }

  read(path: string): string {
    return readFileSync(join(this.out, path), 'utf8');
  }
}
