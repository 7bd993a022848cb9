// The named normalisation rules of SentencePiece 0.1.97 (src/builder.cc), made from a table of their own: engines differ
// in the Unicode version that String.prototype.normalize follows.
import { inflateSync } from 'fflate';
import { writeCharsmap, type Rules } from './charsmap.js';
import { NFKC_RULES, NMT_DELETED, NMT_KEPT, NMT_SPACES } from './generated/normalization-rules.js';

export const NORMALIZATION_NAMES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const;
/** NFKC with the changes for translation, plain NFKC, either with case folding, or nothing. */
export type NormalizationName = (typeof NORMALIZATION_NAMES)[number];

interface Table {
  /** A character to what NFKC makes of it. */
  readonly singles: Map<string, string>;
  /** Characters to what they compose to. */
  readonly compositions: Map<string, string>;
  /** A character to its simple case folding. */
  readonly folds: ReadonlyMap<string, string>;
}

/** Whole numbers one after the other, seven bits a byte, the lowest first (LEB128). */
function* numbersOf(bytes: Uint8Array): Generator<number, never> {
  let [value, shift] = [0, 0];
  for (const byte of bytes) {
    value |= (byte & 127) << shift;
    shift += 7;
    if (byte > 127) continue;
    yield value;
    [value, shift] = [0, 0];
  }
  throw new RangeError('NFKC_RULES: expected more numbers, got none');
}

/** Characters and what each stands for, as `table` of test/reference/tokenizer_tables.py writes them. */
function readTable(next: () => number): Map<string, string> {
  const count = next();
  let point = 0;
  const keys = Array.from({ length: count }, () => (point += next()));
  const lengths = Array.from({ length: count }, next);
  const before: number[] = [];
  const textOf = (length: number) => String.fromCodePoint(...Array.from({ length }, (_, place) => {
    const distance = next();
    before[place] = (before[place] ?? 0) + (distance % 2 === 0 ? distance / 2 : -(distance + 1) / 2);
    return before[place]!;
  }));
  return new Map(keys.map((key, index) => [String.fromCodePoint(key), textOf(lengths[index]!)]));
}

function unpack(): Table {
  const packed = Uint8Array.from(atob(NFKC_RULES), (character) => character.charCodeAt(0));
  const numbers = numbersOf(inflateSync(packed));
  const next = () => numbers.next().value;
  const [singles, composed, folds] = [readTable(next), readTable(next), readTable(next)];
  return { singles, compositions: new Map([...composed].map(([whole, parts]) => [parts, whole])), folds };
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

/** Characters of compositions, and those that NFKC replaces by them: any of these composes as they do. */
function spellingsOf(compositions: ReadonlyMap<string, string>, singles: ReadonlyMap<string, string>): Map<string, string[]> {
  const spellings = new Map<string, string[]>();
  for (const key of compositions.keys()) for (const character of key) spellings.set(character, [character]);
  for (const [character, replacement] of singles) spellings.get(replacement)?.push(character);
  return spellings;
}

function changeForTranslation(singles: Map<string, string>): void {
  for (const point of NMT_SPACES) singles.set(String.fromCodePoint(point), ' ');
  for (const point of NMT_DELETED) singles.set(String.fromCodePoint(point), '');
  for (const point of NMT_KEPT) singles.delete(String.fromCodePoint(point));
}

function foldAll(rules: ReadonlyMap<string, string>, folds: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...rules].map(([key, value]) => [key, Array.from(value, (character) => folds.get(character) ?? character).join('')]));
}

/** All rules of a name. */
export function normalizationRules(name: Exclude<NormalizationName, 'identity'>): Rules {
  const { singles, compositions, folds } = unpack();
  addSyllables(compositions);
  const spellings = spellingsOf(compositions, singles);
  if (name.startsWith('nmt_')) changeForTranslation(singles);
  if (!name.endsWith('_cf')) return { singles, compositions, spellings };
  const folded = foldAll(singles, folds);
  for (const [character, to] of folds) if (!singles.has(character)) folded.set(character, to);
  return { singles: folded, compositions: foldAll(compositions, folds), spellings };
}

const compiled = new Map<NormalizationName, Uint8Array>();

/** NormalizerSpec.precompiled_charsmap of a name, the same bytes that SentencePiece carries; none for `identity`. */
export function compiledNormalization(name: NormalizationName): Uint8Array {
  if (name === 'identity') return new Uint8Array(0);
  const charsmap = compiled.get(name) ?? writeCharsmap(normalizationRules(name));
  compiled.set(name, charsmap);
  return charsmap;
}
