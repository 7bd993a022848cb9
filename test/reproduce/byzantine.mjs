// npm run reproduce:byzantine: the paper's grid on MNIST, 15 rounds of 1000 steps, and the first rounds beside a PyTorch restatement
// of the notebook (byzantine-reference.json), mean of three seeds.
//   --part reference|grid   only one of them
//   --out-dir DIR           default ./outputs/byzantine-paper; runs that are there already are not computed again
//   --write                 put the tables into the README, between their marks
//   anything else           goes to `isolab byzantine grid`, such as --jobs 4
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { project, writeReadmePart } from './readme-part.mjs';

const GM = 'gm:variant=notebook';
const ATTACKS = ['none', 'white', 'max-value', 'zero-gradient'];
/** How far the mean of three seeds may be from the reference; mean under white only has to stay at chance. */
const BOUND = 0.02;
const CHANCE = 0.2;

const given = process.argv.slice(2);
const taken = (name) => {
  const at = given.indexOf(name);
  return at < 0 ? undefined : given.splice(at, 2)[1];
};
const part = taken('--part');
const outDir = taken('--out-dir') ?? './outputs/byzantine-paper';
const writes = given.includes('--write');
const words = given.filter((word) => word !== '--write');

/** Runs a grid, and returns the records of its folder. */
async function computed(name, flags) {
  const folder = join(outDir, name);
  const { status } = spawnSync(process.execPath, [join(project, 'dist/cli/bin.js'), 'byzantine', 'grid', ...flags, '--out-dir', folder, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
  const runs = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return Promise.all(runs.map(async ({ name: run }) => {
    const seconds = (await readFile(join(folder, run, 'seconds.csv'), 'utf8')).trim().split('\n').slice(1).map((line) => Number(line.split(',').at(-1)));
    return { ...JSON.parse(await readFile(join(folder, run, 'record.json'), 'utf8')), seconds: seconds.reduce((total, value) => total + value, 0) };
  }));
}

const shortName = (aggregator) => aggregator.split(':')[0];

async function compareWithReference() {
  const { cells } = JSON.parse(await readFile(new URL('byzantine-reference.json', import.meta.url), 'utf8'));
  const common = ['--init-seed', '100', '--seeds', '1,2,3', '--partition', 'contiguous'];
  const records = [
    ...await computed('reference-sgd', ['--methods', 'SGD', '--aggregators', `mean,${GM}`, '--attacks', ATTACKS.join(','), '--rounds', '3', ...common]),
    ...await computed('reference-batch-mean', ['--methods', 'BatchSGD', '--aggregators', 'mean', '--attacks', 'none', '--rounds', '2', ...common]),
    ...await computed('reference-batch-gm', ['--methods', 'BatchSGD', '--aggregators', GM, '--attacks', 'zero-gradient', '--rounds', '2', ...common]),
  ];
  let misses = 0;
  const lines = cells.map(({ method, aggregator, attack, validation_accuracy: want }) => {
    const runs = records.filter(({ config }) => config.method === method && shortName(config.aggregator) === aggregator && config.attack === attack);
    const rounds = want.map((accuracy, index) => {
      const mean = runs.reduce((total, { rows }) => total + rows[index + 1].validation_accuracy, 0) / runs.length;
      const isWithin = aggregator === 'mean' && attack === 'white' ? mean < CHANCE : Math.abs(mean - accuracy) <= BOUND;
      if (!isWithin) misses++;
      return `${mean.toFixed(4)} (${accuracy.toFixed(4)})${isWithin ? '' : ' **outside**'}`;
    });
    return `| ${method} | ${aggregator} | ${attack} | ${rounds.join(' | ')} |${rounds.length < 3 ? ' |' : ''}`;
  });
  const table = ['| Method | rule | attack | after 1000 steps | 2000 | 3000 |', '|---|---|---|---|---|---|', ...lines].join('\n');
  console.log(`validation accuracy, ours, mean of three seeds (PyTorch, one run)\n\n${table}\n`);
  if (writes) await writeReadmePart('npm run reproduce:byzantine -- --part reference --write', table);
  return misses;
}

async function computeGrid() {
  const records = await computed('grid', ['--methods', 'SGD,BatchSGD,SAGA', '--aggregators', `mean,${GM}`, '--attacks', ATTACKS.join(','), '--rounds', '15']);
  const lines = ['SGD', 'BatchSGD', 'SAGA'].flatMap((method) => ['mean', 'gm'].map((rule) => {
    const accuracies = ATTACKS.map((attack) => {
      const { rows } = records.find(({ config }) => config.method === method && shortName(config.aggregator) === rule && config.attack === attack);
      return rows.at(-1).validation_accuracy.toFixed(4);
    });
    return `| ${method} | ${rule} | ${accuracies.join(' | ')} |`;
  }));
  const seconds = records.reduce((total, record) => total + record.seconds, 0);
  const table = [`| Method | rule | ${ATTACKS.join(' | ')} |`, '|---|---|---|---|---|---|', ...lines].join('\n');
  console.log(`validation accuracy after 15 x 1000 steps; ${records.length} runs, ${(seconds / 60).toFixed(1)} minutes of one thread in all\n\n${table}\n`);
  if (writes) await writeReadmePart('npm run reproduce:byzantine -- --part grid --write', table);
}

let misses = 0;
if (part !== 'grid') misses = await compareWithReference();
if (part !== 'reference') await computeGrid();
if (misses > 0) process.exit(1);
