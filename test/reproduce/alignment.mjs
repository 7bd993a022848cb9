// npm run reproduce:alignment: computes the notebook's ten seeds and compares them with the table it published.
//   --out-dir DIR   default ./outputs/alignment; seeds that are there already are not computed again
//   --write         put the table into the README, between its marks
//   anything else   goes to `isolab alignment`, such as --jobs 4
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCsv } from '../../dist/outputs/index.js';
import { project, writeReadmePart } from './readme-part.mjs';

/** How far from the published figure a value may be: absolute, or relative. A published 5.2e-05 stands for 5.15e-05 to 5.25e-05. */
const PER_SEED = {
  teacher_test_acc: { absolute: 0.001 }, student_test_acc: { absolute: 0.005 }, frac_positive_alignment: { absolute: 0.03 },
  mean_cosine_similarity: { relative: 0.05 }, mean_inner_product: { relative: 0.05, printed: 5e-7 },
};
const OVERALL = { teacher_test_acc: { relative: 0.001 }, student_test_acc: { relative: 0.01 } };
const TITLES = {
  teacher_test_acc: 'teacher accuracy', student_test_acc: 'student accuracy', frac_positive_alignment: 'cosine > 0', mean_cosine_similarity: 'mean cosine', mean_inner_product: 'mean inner product',
};
const DIGITS = { teacher_test_acc: 4, student_test_acc: 4, frac_positive_alignment: 4, mean_cosine_similarity: 6, mean_inner_product: 7 };

const isWithin = (got, want, { absolute = 0, relative = 0, printed = 0 }) => Math.abs(got - want) <= absolute + relative * Math.abs(want) + printed + 1e-12;

async function readRows(path) {
  const [columns, ...rows] = parseCsv(await readFile(path, 'utf8'));
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, Number(row[index])])));
}

function cell(name, got, want, bound) {
  const [ours, theirs] = [got, want].map((value) => value.toFixed(DIGITS[name]));
  return `${ours} (${theirs})${bound === undefined || isWithin(got, want, bound) ? '' : ' **outside**'}`;
}

function compare(perRun, overall, published) {
  const names = Object.keys(TITLES);
  const lines = [`| Seed | ${names.map((name) => TITLES[name]).join(' | ')} |`, `|---|${names.map(() => '---|').join('')}`];
  for (const want of published.perRun) {
    const got = perRun.find(({ seed }) => seed === want.seed);
    lines.push(`| ${want.seed} | ${names.map((name) => cell(name, got[name], want[name], PER_SEED[name])).join(' | ')} |`);
  }
  lines.push(`| all | ${names.map((name) => cell(name, overall[name], published.overall[name], OVERALL[name])).join(' | ')} |`);
  return lines.join('\n');
}

const words = process.argv.slice(2).filter((word) => word !== '--write');
const outDir = words.includes('--out-dir') ? words[words.indexOf('--out-dir') + 1] : './outputs/alignment';
const given = words.includes('--out-dir') ? words : ['--out-dir', outDir, ...words];
const { status } = spawnSync(process.execPath, [join(project, 'dist/cli/bin.js'), 'alignment', '--seeds', '1-10', ...given], { stdio: ['ignore', 'ignore', 'inherit'] });
if (status !== 0) process.exit(status ?? 1);

const published = JSON.parse(await readFile(new URL('alignment-published.json', import.meta.url), 'utf8'));
const [overall] = await readRows(join(outDir, 'overall_summary.csv'));
const table = compare(await readRows(join(outDir, 'per_run_summary.csv')), overall, published);
console.log(`ours (published)\n\n${table}`);
if (process.argv.includes('--write')) await writeReadmePart('npm run reproduce:alignment -- --write', table);
if (table.includes('**outside**')) process.exit(1);
