// The named normalisation rules of SentencePiece 0.1.97 (src/builder.cc), made from a table of their own: engines differ
// in the Unicode version that String.prototype.normalize follows.
import { inflateSync } from 'fflate';
import { writeCharsmap } from './charsmap.js';
import { NFKC_RULES, NMT_DELETED, NMT_KEPT, NMT_SPACES } from './generated/normalization-rules.js';

export const NORMALIZATION_NAMES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const;
/** NFKC with the changes for translation, plain NFKC, either with case folding, or nothing. */
export type NormalizationName = (typeof NORMALIZATION_NAMES)[number];

interface Table {
  /** A character to what NFKC makes of it. */
  readonly singles: ReadonlyMap<string, string>;
  /** Characters to what they compose to. */
  readonly compositions: ReadonlyMap<string, string>;
  /** A character to its simple case folding. */
  readonly folds: ReadonlyMap<string, string>;
}

function unpack(): Table {
  const packed = Uint8Array.from(atob(NFKC_RULES), (character) => character.charCodeAt(0));
  const blocks = new TextDecoder('utf-8', { ignoreBOM: true }).decode(inflateSync(packed)).split('\n\n');
  const [singles, composed, folds] = blocks.map((block) => new Map(block.split('\n').map((line) => {
    const first = String.fromCodePoint(line.codePointAt(0)!);
    return [first, line.slice(first.length)];
  })));
  return { singles: singles!, compositions: new Map([...composed!].map(([whole, parts]) => [parts, whole])), folds: folds! };
}

const SYLLABLES = 11172;
const FIRST_SYLLABLE = 0xac00;

/** Hangul syllables by their letters (The Unicode Standard, section 3.12). */
function addSyllables(compositions: Map<string, string>): void {
  for (let index = 0; index < SYLLABLES; index++) {
    const trailing = index % 28;
    const letters = [0x1100 + Math.floor(index / 588), 0x1161 + Math.floor((index % 588) / 28), ...(trailing === 0 ? [] : [0x11a7 + trailing])];
    compositions.set(String.fromCodePoint(...letters), String.fromCodePoint(FIRST_SYLLABLE + index));
  }
}

/** NFKC as longest-prefix rules: single characters, and every spelling of what composes. */
function nfkcRules({ singles, compositions }: Table): Map<string, string> {
  const all = new Map(compositions);
  addSyllables(all);
  const spellings = new Map<string, string[]>();
  for (const key of all.keys()) for (const character of key) spellings.set(character, [character]);
  for (const [character, replacement] of singles) spellings.get(replacement)?.push(character);
  const rules = new Map(singles);
  for (const [key, value] of all) {
    let keys = [''];
    for (const character of key) keys = keys.flatMap((before) => spellings.get(character)!.map((spelling) => before + spelling));
    for (const each of keys) rules.set(each, value);
  }
  return rules;
}

function changeForTranslation(rules: Map<string, string>): void {
  for (const point of NMT_SPACES) rules.set(String.fromCodePoint(point), ' ');
  for (const point of NMT_DELETED) rules.set(String.fromCodePoint(point), '');
  for (const point of NMT_KEPT) rules.delete(String.fromCodePoint(point));
}

function foldCase(rules: Map<string, string>, folds: ReadonlyMap<string, string>): void {
  for (const [key, value] of rules) {
    let folded = '';
    for (const character of value) folded += folds.get(character) ?? character;
    if (folded !== value) rules.set(key, folded);
  }
  for (const [character, folded] of folds) if (!rules.has(character)) rules.set(character, folded);
}

/** All rules of a name: text to its replacement. */
export function normalizationRules(name: Exclude<NormalizationName, 'identity'>): Map<string, string> {
  const table = unpack();
  const rules = nfkcRules(table);
  if (name.startsWith('nmt_')) changeForTranslation(rules);
  if (name.endsWith('_cf')) foldCase(rules, table.folds);
  return rules;
}

const compiled = new Map<NormalizationName, Uint8Array>();

/** NormalizerSpec.precompiled_charsmap of a name, the same bytes that SentencePiece carries; none for `identity`. */
export function compiledNormalization(name: NormalizationName): Uint8Array {
  if (name === 'identity') return new Uint8Array(0);
  const charsmap = compiled.get(name) ?? writeCharsmap(normalizationRules(name));
  compiled.set(name, charsmap);
  return charsmap;
}
