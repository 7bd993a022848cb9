// node test/reproduce/short-pairs.mjs: chooses the sentence pairs that the lab page carries, src/web/texts/tatoeba-short.tsv, out of
// Tatoeba's Japanese-English pairs as manythings.org/anki gives them.
//   --data FILE   jpn-eng.zip of manythings.org/anki (CC-BY 2.0 FR); default: the one the project is tested with, where it is at hand
//   --output FILE   default src/web/texts/tatoeba-short.tsv
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { strFromU8, unzipSync } from 'fflate';
import { project } from './readme-part.mjs';

const PAIRS = 2500;
/** The longest sentences taken: words of English, characters of Japanese. */
const LONGEST = { english: 7, japanese: 14 };

const { values: { data, output } } = parseArgs({
  options: {
    data: { type: 'string', default: join(project, '../shared/data/tatoeba_jpn_eng/jpn-eng.zip') },
    output: { type: 'string', default: join(project, 'src/web/texts/tatoeba-short.tsv') },
  },
});
if (!existsSync(data)) throw new Error(`--data: expected jpn-eng.zip of https://www.manythings.org/anki/, got ${data}, which is not there`);

const wordsOf = (english) => english.toLowerCase().match(/[a-z0-9'’]+/g) ?? [];

/** Short pairs in the file's order, each sentence of either side once: a translator is to learn one answer, not to guess among several. */
function shortPairs(lines) {
  const seen = { english: new Set(), japanese: new Set() };
  return lines.flatMap((line) => {
    const [english, japanese] = line.split('\t');
    const words = wordsOf(english);
    if (words.length < 2 || words.length > LONGEST.english || [...japanese].length > LONGEST.japanese) return [];
    if (seen.english.has(english) || seen.japanese.has(japanese)) return [];
    seen.english.add(english);
    seen.japanese.add(japanese);
    return [{ line, parts: [...words, ...japanese] }];
  });
}

/** How many pairs have each word of English and each character of Japanese. */
function countParts(pairs) {
  const counts = new Map();
  for (const { parts } of pairs) for (const part of new Set(parts)) counts.set(part, (counts.get(part) ?? 0) + 1);
  return counts;
}

/** Leaves out the pairs with the rarest words, again and again, so that what stays is said in common words only. */
function commonest(pairs, most) {
  let kept = pairs;
  while (kept.length > most) {
    const counts = countParts(kept);
    const rank = (pair) => Math.min(...pair.parts.map((part) => counts.get(part)));
    const ranked = kept.map((pair, place) => ({ place, rank: rank(pair) })).sort((a, b) => b.rank - a.rank || a.place - b.place);
    const staying = new Set(ranked.slice(0, Math.max(most, Math.floor(0.9 * kept.length))).map(({ place }) => place));
    kept = kept.filter((_, place) => staying.has(place));
  }
  return kept;
}

const archive = unzipSync(readFileSync(data), { filter: ({ name }) => name === 'jpn.txt' });
const lines = strFromU8(archive['jpn.txt']).split('\n').filter((line) => line !== '');
const chosen = commonest(shortPairs(lines), PAIRS);
writeFileSync(output, `${chosen.map(({ line }) => line).join('\n')}\n`);
const counts = countParts(chosen);
const words = new Set(chosen.flatMap(({ line }) => wordsOf(line.split('\t')[0])));
console.log(`${chosen.length} of ${lines.length} pairs; ${words.size} words of English, ${counts.size - words.size} characters of Japanese, the rarest in ${Math.min(...counts.values())} pairs`);
