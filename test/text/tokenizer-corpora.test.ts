// Training on whole corpora, against the SHA-256 of what spm_train 0.1.97 wrote with the same options and its defaults.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { readZipDirectory, unpackMember } from '../../src/data/archive.js';
import { splitLines, trainTokenizer, type Tokenizer } from '../../src/text/index.js';

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const tatoeba = `${shared}tatoeba_jpn_eng/jpn-eng.zip`;

/** English sentences of Tatoeba's pairs, one a line, with their line feeds. */
function tatoebaEnglish(): Uint8Array {
  const zip = new Uint8Array(readFileSync(tatoeba));
  const member = readZipDirectory(zip, tatoeba, 10).find(({ name }) => name === 'jpn.txt')!;
  const pairs = new TextDecoder().decode(unpackMember(zip, member, tatoeba, 2 ** 26)).split('\n').filter((line) => line !== '');
  return new TextEncoder().encode(pairs.map((line) => `${line.split('\t')[0]}\n`).join(''));
}

// spm_train --input=en.txt --model_prefix=en.1000 --vocab_size=1000, and the same of train.en and train.ja as s.en.txt and s.ja.txt.
const CASES = [
  { what: 'Tatoeba English', path: tatoeba, read: tatoebaEnglish, input: 'en.txt', modelPrefix: 'en.1000', vocabSize: 1000, sha256: '415c1a586d7e7f62c2a08baea896de9826db4ecab62020477d7a41085b03f864' },
  { what: 'small_parallel_enja English', path: `${shared}small_parallel_enja/train.en`, input: 's.en.txt', modelPrefix: 's.en.4000', vocabSize: 4000, sha256: 'b8902dcec25ba9677601ff3e8618c6e1d3ef76bba5d31f393e00ab4b8d5693df' },
  { what: 'small_parallel_enja Japanese', path: `${shared}small_parallel_enja/train.ja`, input: 's.ja.txt', modelPrefix: 's.ja.4000', vocabSize: 4000, sha256: 'bc1e2b14b4407a7df6d601d33ee6b312b1fce4d67d2cc7bfa05831ae6e337fa3' },
];

for (const { what, path, read, input, modelPrefix, vocabSize, sha256 } of CASES) {
  it.skipIf(!existsSync(path))(`a vocabulary of ${vocabSize} of ${what} is spm_train's own${existsSync(path) ? '' : ` (skipped: there is no ${path})`}`, async () => {
    const core = await openCore();
    let tokenizer: Tokenizer | undefined;
    for (const event of trainTokenizer(core, splitLines(read?.() ?? new Uint8Array(readFileSync(path))), { vocabSize, input: [input], modelPrefix })) {
      if (event.type === 'finished') tokenizer = event.tokenizer;
    }
    expect(createHash('sha256').update(tokenizer!.toModel()).digest('hex')).toBe(sha256);
  });
}
