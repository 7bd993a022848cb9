// Training a tokenizer as a whole process, beside spm_train --num_threads=1 (Debian's package sentencepiece): seconds of
// wall time and of computing, most memory. Then sentences a second that each encodes, its start taken off.
//     node bench/tokenizer.mjs CORPUS[,CORPUS] [--vocab-size N] [--rounds N]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { splitLines, Tokenizer } from '../dist/text/index.js';
import { describeMachine, printMachine } from './measure.mjs';
import { runMeasured } from './process-usage.mjs';

const CLI = fileURLToPath(new URL('../dist/cli/bin.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true, options: { 'vocab-size': { type: 'string', default: '8000' }, rounds: { type: 'string', default: '3' } },
});
if (positionals.length === 0) throw new RangeError('expected corpora, one sentence a line, got none');

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const medians = (runs) => Object.fromEntries(['wall', 'user', 'peakMegabytes'].map((key) => [key, median(runs.map((run) => run[key]))]));

async function trainBoth(corpus, folder) {
  const [own, peer] = ['own', 'spm'].map((name) => join(folder, name));
  const size = values['vocab-size'];
  const contestants = {
    isolab: [process.execPath, [CLI, 'tokenizer', 'train', '--input', corpus, '--model-prefix', own, '--vocab-size', size, '--num-threads', '1']],
    spm_train: ['spm_train', [`--input=${corpus}`, `--model_prefix=${peer}`, `--vocab_size=${size}`, '--num_threads=1', '--minloglevel=2']],
  };
  const runs = { isolab: [], spm_train: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, [command, words]] of Object.entries(contestants)) runs[name].push(await runMeasured(command, words));
  }
  if (!readFileSync(`${own}.vocab`).equals(readFileSync(`${peer}.vocab`))) throw new Error(`${corpus}: expected the same vocabulary from both, got two`);
  return { runs, model: `${peer}.model` };
}

/** Milliseconds of a call. */
function clock(act) {
  const start = performance.now();
  act();
  return performance.now() - start;
}

function encodeBoth(corpus, model) {
  const lines = splitLines(readFileSync(corpus));
  const tokenizer = Tokenizer.fromModel(readFileSync(model));
  const own = clock(() => lines.forEach((line) => tokenizer.encode(line)));
  const spm = (input) => clock(() => execFileSync('spm_encode', [`--model=${model}`, '--output_format=id'], { input, maxBuffer: 2 ** 30 }));
  const peer = spm(readFileSync(corpus)) - spm('');
  return { lines: lines.length, own, peer };
}

printMachine(describeMachine());
const folder = mkdtempSync(join(tmpdir(), 'isolab-tokenizer-'));
try {
  for (const corpus of positionals.flatMap((words) => words.split(','))) {
    const { runs, model } = await trainBoth(corpus, folder);
    const [own, peer] = [medians(runs.isolab), medians(runs.spm_train)];
    console.log(`${corpus}, ${values['vocab-size']} pieces, medians of ${values.rounds}:`);
    for (const [name, { wall, user, peakMegabytes }] of Object.entries({ isolab: own, spm_train: peer })) {
      console.log(`  ${name.padEnd(9)} ${wall.toFixed(2)} s, ${user.toFixed(2)} s computing, ${Math.round(peakMegabytes)} MB`);
    }
    console.log(`  ratio     ${(own.wall / peer.wall).toFixed(2)} in time, ${(own.user / peer.user).toFixed(2)} in computing`);
    const encoded = encodeBoth(corpus, model);
    console.log(`  encoding ${encoded.lines} sentences: ${Math.round(encoded.own)} ms here, ${Math.round(encoded.peer)} ms by spm_encode`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
