// npm run reproduce:translation: trains a small Japanese-English translator on Tatoeba's pairs, scores it on what was held out, and
// translates ten sentences.
//   --data FILE     jpn-eng.zip of manythings.org/anki (CC-BY 2.0 FR); default: the one the project is tested with, where it is at hand
//   --out-dir DIR   default ./outputs/translation-tatoeba; a run that is there already is not computed again, one that was stopped goes on
//   --write         put the tables into the README, between their marks
//   anything else   goes to `isolab translate train`, such as --threads 2
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { project, writeReadmePart } from './readme-part.mjs';

const SETTINGS = [
  '--vocab-size', '4000', '--embed-size', '192', '--hidden-size', '192', '--attention', 'residual', '--third-layer', 'encoder', '--dropout', '0.1',
  '--batch-size', '64', '--lr', '0.003', '--clip-norm', '1', '--bucketing', '20', '--epochs', '8',
];
const SENTENCES = ['ありがとう', '猫はかわいいのです', '上手く文章が書けるようになりました'];
/** Held-out pairs that are shown beside their translations. */
const SHOWN = 7;

const given = process.argv.slice(2);
const taken = (name) => {
  const at = given.indexOf(name);
  return at < 0 ? undefined : given.splice(at, 2)[1];
};
const data = taken('--data') ?? join(project, '../shared/data/tatoeba_jpn_eng/jpn-eng.zip');
const outDir = taken('--out-dir') ?? './outputs/translation-tatoeba';
const writes = given.includes('--write');
const words = given.filter((word) => word !== '--write');
if (!existsSync(data)) throw new Error(`--data: expected jpn-eng.zip of https://www.manythings.org/anki/, got ${data}, which is not there`);

function isolab(...flags) {
  const { status, stdout } = spawnSync(process.execPath, [join(project, 'dist/cli/bin.js'), 'translate', ...flags], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

const { folder, digest } = JSON.parse(isolab('train', '--data', data, ...SETTINGS, '--out-dir', outDir, '--json', ...words));
const pairsFile = join(folder, 'held_out.tsv');
const { all, unseen } = JSON.parse(isolab('evaluate', '--model', folder, '--data', data, '--output', pairsFile, '--json'));
const { all: beam } = JSON.parse(isolab('evaluate', '--model', folder, '--data', data, '--beam', '5', '--pairs', '1000', '--json'));
const { all: greedy } = JSON.parse(isolab('evaluate', '--model', folder, '--data', data, '--pairs', '1000', '--json'));
const translations = isolab('run', '--model', folder, ...SENTENCES).trimEnd().split('\n');

const { rows } = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8'));
const seconds = new Map((await readFile(join(folder, 'seconds.csv'), 'utf8')).trim().split('\n').slice(1).map((line) => line.split(',').map(Number)));
const heldOut = (await readFile(pairsFile, 'utf8')).trimEnd().split('\n').map((line) => line.split('\t'));
const fixed = (value, digits) => value.toFixed(digits);
const epochs = rows.map((row) => `| ${row.epoch} | ${fixed(row.train_perplexity, 2)} | ${fixed(row.test_perplexity, 2)} | ${seconds.has(row.epoch) ? Math.round(seconds.get(row.epoch)) : ''} |`);
const samples = [...SENTENCES.map((sentence, index) => [sentence, translations[index], '']), ...heldOut.slice(0, SHOWN)];
const ofUnseen = unseen === null ? '' : `; of the ${unseen.pairs} whose
English no training pair has: BLEU ${fixed(unseen.bleu, 2)}, chrF ${fixed(unseen.chrf, 2)}`;
const text = `\`isolab translate train --data jpn-eng.zip ${SETTINGS.join(' ')}\`

| Epoch | perplexity in training | on held-out pairs | seconds |
|---|---|---|---|
${epochs.join('\n')}

Digest \`${digest}\`. Greedy translations of the ${all.pairs} held-out pairs: BLEU ${fixed(all.bleu, 2)}, chrF ${fixed(all.chrf, 2)}${ofUnseen}. The first 1000 with a beam of 5: BLEU ${fixed(beam.bleu, 2)}, chrF ${fixed(beam.chrf, 2)};
greedy: ${fixed(greedy.bleu, 2)} and ${fixed(greedy.chrf, 2)}. \`${all.bleu_signature}\`, \`${all.chrf_signature}\`.

| Japanese | translation | reference |
|---|---|---|
${samples.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}`;
console.log(text);
if (writes) await writeReadmePart('npm run reproduce:translation -- --write', text);
