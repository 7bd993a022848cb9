// The tokenizer beside SentencePiece 0.1.97's own programs: trains with both on the corpora under ../shared/data (or
// --data DIR) and compares models byte by byte, then texts encoded, decoded and n-best with the same model.
//     npm run build:host && node test/reproduce/tokenizer.mjs [--texts N] [--only WORD]
// Needs Debian's sentencepiece and python3-sentencepiece; half an hour's computing, most of it spm_train's.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readZipDirectory, unpackMember } from '../../dist/data/archive.js';
import { Tokenizer } from '../../dist/text/index.js';

const project = fileURLToPath(new URL('../../', import.meta.url));
const { values: options } = parseArgs({
  options: { data: { type: 'string', default: join(project, '../shared/data') }, texts: { type: 'string', default: '10000' }, only: { type: 'string', default: '' } },
});

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

if (spawnSync('spm_train', ['--version']).error !== undefined) skip('there is no spm_train (Debian: apt-get install sentencepiece python3-sentencepiece)');
if (!existsSync(options.data)) skip(`there is no ${options.data}`);

const folder = mkdtempSync(join(tmpdir(), 'isolab-tokenizer-'));

/** Corpora as files with one sentence a line. */
function writeCorpora() {
  const archive = join(options.data, 'tatoeba_jpn_eng/jpn-eng.zip');
  const zip = new Uint8Array(readFileSync(archive));
  const member = readZipDirectory(zip, archive, 10).find(({ name }) => name === 'jpn.txt');
  const pairs = new TextDecoder().decode(unpackMember(zip, member, archive, 2 ** 26)).split('\n').filter((line) => line !== '').map((line) => line.split('\t'));
  const lines = { 'tatoeba.en': pairs.map(([english]) => english), 'tatoeba.ja': pairs.map(([, japanese]) => japanese) };
  for (const [name, sentences] of Object.entries(lines)) writeFileSync(join(folder, name), sentences.map((sentence) => `${sentence}\n`).join(''));
  for (const language of ['en', 'ja']) writeFileSync(join(folder, `small.${language}`), readFileSync(join(options.data, `small_parallel_enja/train.${language}`)));
}

const RUNS = [
  ['tatoeba.en', 8000], ['tatoeba.en', 1000], ['tatoeba.ja', 8000], ['tatoeba.ja', 1500, '--character_coverage=0.98'], ['small.en', 4000], ['small.ja', 4000],
  ['tatoeba.en', 8000, '--num_threads=1'], ['tatoeba.en', 4000, '--split_by_whitespace=false'], ['small.ja', 4000, '--byte_fallback=true', '--split_digits=true'],
].filter(([corpus, ...rest]) => `${corpus} ${rest.join(' ')}`.includes(options.only));

/** Trains with both; returns the model's path. */
function train(corpus, vocabSize, ...flags) {
  const prefix = `${corpus}.${vocabSize}`;
  const given = [`--input=${corpus}`, `--model_prefix=${prefix}`, `--vocab_size=${vocabSize}`, ...flags];
  execFileSync('spm_train', [...given, '--minloglevel=2'], { cwd: folder });
  const theirs = ['model', 'vocab'].map((kind) => readFileSync(join(folder, `${prefix}.${kind}`)));
  execFileSync(process.execPath, [join(project, 'dist/cli/bin.js'), 'tokenizer', 'train', ...given.map((flag) => flag.replace(/^--(\w+)/, (name) => name.replaceAll('_', '-')))], { cwd: folder, stdio: ['ignore', 'inherit', 'ignore'] });
  const isSame = ['model', 'vocab'].every((kind, i) => readFileSync(join(folder, `${prefix}.${kind}`)).equals(theirs[i]));
  console.log(`${isSame ? 'same bytes' : 'DIFFERENT '}  ${given.slice(0, 1).concat(given.slice(2)).join(' ')}`);
  return { model: join(folder, `${prefix}.model`), misses: isSame ? 0 : 1 };
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Encodes, decodes and lists n-best for texts that Python's library was given too. */
function compareTexts(model, corpus, flags) {
  const printed = execFileSync('/usr/bin/python3', [join(project, 'test/reference/tokenizer_peer.py'), model, ...flags, '--n-best', '5'], { maxBuffer: 2 ** 30 });
  const rows = JSON.parse(printed.toString());
  const tokenizer = Tokenizer.fromModel(readFileSync(model));
  let [misses, nBest] = [0, 0];
  for (const [text, ids, pieces, fromIds, fromPieces, best] of rows) {
    const input = typeof text === 'string' ? text : Buffer.from(text.hex, 'hex');
    const own = best === undefined ? [] : tokenizer.nBest(input, 5);
    if (best !== undefined) nBest++;
    const agrees = same([tokenizer.encode(input), tokenizer.encodePieces(input), tokenizer.decode(ids), tokenizer.decodePieces(pieces)], [ids, pieces, fromIds, fromPieces])
      && (best === undefined || (same(own.map((each) => each.ids), best.map(([each]) => each)) && best.every(([, score], i) => score === null || Math.fround(score) === own[i].score)));
    if (!agrees && misses++ < 3) console.log(`  differs: ${JSON.stringify(text)}`);
  }
  console.log(`  ${corpus}: ${rows.length - misses} of ${rows.length} texts agree, ${nBest} of them with their 5 best`);
  return misses;
}

let misses = 0;
try {
  writeCorpora();
  for (const [corpus, ...rest] of RUNS) {
    const trained = train(corpus, ...rest);
    const path = join(folder, corpus);
    misses += trained.misses + compareTexts(trained.model, 'sentences', ['--lines', path, '--count', options.texts]) + compareTexts(trained.model, 'fuzzed', ['--fuzz', options.texts, '--words', path]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = misses === 0 ? 0 : 1;
