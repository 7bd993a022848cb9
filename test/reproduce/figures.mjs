// npm run reproduce:figures: the paper's figure 2 with three seeds, all six conditions, and figure 4's curve of one auxiliary output
// with two seeds up to 1024 steps an epoch. Runs that are recorded are not computed again: stopped at any time, it goes on.
//   --part figure2|one-output   only one of them
//   --out-dir DIR               default ./outputs/sweeps
//   --write                     put figures and numbers into the README, between their marks; the SVG files go to docs/figures
//   anything else               goes to `isolab sweep run`, such as --jobs 4
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bootstrapMean } from '../../dist/figures/index.js';
import { parseCsv } from '../../dist/outputs/index.js';
import { project, writeReadmePart } from './readme-part.mjs';

const given = process.argv.slice(2);
const taken = (name) => {
  const at = given.indexOf(name);
  return at < 0 ? undefined : given.splice(at, 2)[1];
};
const part = taken('--part');
const outDir = taken('--out-dir') ?? './outputs/sweeps';
const writes = given.includes('--write');
const words = given.filter((word) => word !== '--write');

function isolab(argv) {
  const { status } = spawnSync(process.execPath, [join(project, 'dist/cli/bin.js'), ...argv], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

async function rowsOf(path) {
  const [header, ...records] = parseCsv((await readFile(path, 'utf8')).replaceAll(/\r?\n/g, '\n'));
  return records.map((record) => Object.fromEntries(header.map((name, at) => [name, record[at]])));
}

/** Computes a selection of a sweep and draws it. @returns the table's rows, the hours of one thread, the figure's copy for the README */
async function computed(sweep, selection, figure) {
  const which = [sweep, ...selection, '--out-dir', outDir];
  isolab(['sweep', 'run', ...which, ...words]);
  isolab(['report', ...which]);
  const folder = join(outDir, sweep);
  const seconds = (await rowsOf(join(folder, 'times.csv'))).reduce((sum, row) => sum + Number(row.seconds), 0);
  if (writes) {
    await mkdir(join(project, 'docs/figures'), { recursive: true });
    await copyFile(join(folder, 'figures', `${figure}.svg`), join(project, 'docs/figures', `${sweep}-${figure}.svg`));
  }
  return { rows: await rowsOf(join(folder, 'table.csv')), seconds };
}

/** `0.8934 [0.87, 0.91]` over the seeds of some rows. */
function cell(rows) {
  const { mean, low, high } = bootstrapMean(rows.map((row) => Number(row.student_final_acc)));
  return rows.length === 0 ? '' : `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

const mean = (rows) => rows.reduce((sum, row) => sum + Number(row.student_final_acc), 0) / rows.length;
const took = ({ rows, seconds }) => `${rows.length} runs, ${(seconds / 3600).toFixed(1)} hours of one thread in all (${cpus()[0]?.model.trim() ?? 'unknown'}).`;

async function figure2() {
  const result = await computed('figure2', ['--seeds', '0-2'], 'accuracy');
  const conditions = [...new Set(result.rows.map(({ condition }) => condition))];
  const widths = [...new Set(result.rows.map(({ m }) => Number(m)))].sort((a, b) => a - b);
  const at = (condition, m) => result.rows.filter((row) => row.condition === condition && Number(row.m) === m);
  const lines = conditions.map((condition) => `| \`${condition}\` | ${widths.map((m) => cell(at(condition, m))).join(' | ')} |`);
  const [fewest, most] = [widths[0], widths.at(-1)];
  const range = (condition) => `${mean(at(condition, fewest)).toFixed(2)} at m = ${fewest} to ${mean(at(condition, most)).toFixed(2)} at m = ${most}`;
  const chance = widths.map((m) => mean(at('rand_class_head', m)));
  const text = [
    '![Student accuracy by what it shares with the teacher](docs/figures/figure2-accuracy.svg)', '',
    `| Student | ${widths.map((m) => `m = ${m}`).join(' | ')} |`, `|---|${widths.map(() => '---').join('|')}|`, ...lines, '',
    `Student test accuracy, mean of three seeds and its 95% interval. With the same initialisation it goes from ${range('same_init')};`,
    `with a random class head it lies between ${Math.min(...chance).toFixed(2)} and ${Math.max(...chance).toFixed(2)} for every m (chance is 0.10);`,
    `with both hidden layers random it goes from ${range('rand_both_hid')}. ${took(result)}`,
  ].join('\n');
  console.log(text);
  if (writes) await writeReadmePart('npm run reproduce:figures -- --part figure2 --write', text);
}

async function oneOutput() {
  const result = await computed('figure4', ['--conditions', 'm1_noise_sweep', '--only', 'noise_steps=1-1024', '--seeds', '0-1'], 'one_output');
  const steps = [...new Set(result.rows.map((row) => Number(row.noise_steps)))].sort((a, b) => a - b);
  const at = (count) => result.rows.filter((row) => Number(row.noise_steps) === count);
  const text = [
    '![Student accuracy with one auxiliary output](docs/figures/figure4-one_output.svg)', '',
    '| Steps an epoch | student test accuracy, mean of two seeds |', '|---|---|', ...steps.map((count) => `| ${count} | ${cell(at(count))} |`), '',
    took(result),
  ].join('\n');
  console.log(text);
  if (writes) await writeReadmePart('npm run reproduce:figures -- --part one-output --write', text);
}

if (part !== undefined && part !== 'figure2' && part !== 'one-output') {
  console.error(`--part: expected figure2 or one-output, got ${part}`);
  process.exit(2);
}
if (part !== 'one-output') await figure2();
if (part !== 'figure2') await oneOutput();
