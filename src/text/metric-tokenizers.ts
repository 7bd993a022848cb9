// The tokenizers of sacreBLEU 2.6 (sacrebleu/tokenizers; Post 2018) that BLEU counts words with.
//
// Its `ja-mecab` is not among them: it is the analyser MeCab with the IPA dictionary, compiled code and 50 MB of data, and any
// other segmentation of Japanese gives another score. For Japanese take `char`, or chrF, which needs no words.
import { NUMBERS, PUNCTUATION, SYMBOLS } from './unicode-classes.js';

/**
 * `13a`: mteval-v13a of WMT, ASCII alone decides. `intl`: mteval-v14's, every punctuation mark and symbol of Unicode by the
 * table that is part of this package, not the engine's. `char`: each code point a word. `none`: words as white space parts them.
 */
export const METRIC_TOKENIZERS = ['13a', 'intl', 'char', 'none'] as const;
export type MetricTokenizer = (typeof METRIC_TOKENIZERS)[number];

/** What Python's str.split() and str.rstrip() take for white space; \s would add U+FEFF and lack five others. */
const WHITE_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const WHITE_SPACES = new RegExp(`[${WHITE_SPACE}]+`, 'u');

/** The words of a text, as Python's str.split() parts them. */
export function splitWords(text: string): string[] {
  return text.split(WHITE_SPACES).filter((word) => word !== '');
}

/** Python's str.rstrip(). Not a pattern: one that ends in `$` takes quadratic time over a long run of spaces. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && WHITE_SPACES.test(text[end - 1])) end--;
  return text.slice(0, end);
}

function unescapeEntities(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
}

function tokenize13a(text: string): string[] {
  const plain = unescapeEntities(text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' '));
  const separated = ` ${plain} `
    .replace(/([{-~[-` -&(-+:-@/])/gu, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/gu, '$1 $2 ');
  return splitWords(separated);
}

interface InternationalPatterns {
  readonly afterNoNumber: RegExp;
  readonly beforeNoNumber: RegExp;
  readonly symbol: RegExp;
}

function makeInternationalPatterns(): InternationalPatterns {
  const inside = (ranges: string) => ranges.trim().split(/\s+/).map((range) => range.replace(/[0-9a-f]+/g, '\\u{$&}')).join('');
  const [numbers, punctuation, symbols] = [NUMBERS, PUNCTUATION, SYMBOLS].map(inside);
  return {
    afterNoNumber: new RegExp(`([^${numbers}])([${punctuation}])`, 'gu'),
    beforeNoNumber: new RegExp(`([${punctuation}])([^${numbers}])`, 'gu'),
    symbol: new RegExp(`([${symbols}])`, 'gu'),
  };
}

let internationalPatterns: InternationalPatterns | undefined;

function tokenizeInternational(text: string): string[] {
  const { afterNoNumber, beforeNoNumber, symbol } = (internationalPatterns ??= makeInternationalPatterns());
  return splitWords(text.replace(afterNoNumber, '$1 $2 ').replace(beforeNoNumber, ' $1 $2').replace(symbol, ' $1 '));
}

const TOKENIZE: Record<MetricTokenizer, (text: string) => string[]> = {
  '13a': tokenize13a,
  intl: tokenizeInternational,
  char: (text) => splitWords([...text].join(' ')),
  none: splitWords,
};

/**
 * The words of a segment as sacreBLEU's tokenizer of that name finds them.
 *
 * @param lowercase put the segment in lower case first, by Unicode's rules without a locale (letters that Unicode gained
 *   after the engine was made stay as they are)
 * @throws RangeError for an unknown tokenizer
 */
export function tokenizeForMetric(segment: string, tokenizer: MetricTokenizer, lowercase = false): string[] {
  if (!METRIC_TOKENIZERS.includes(tokenizer)) {
    throw new RangeError(`tokenizer: expected one of ${METRIC_TOKENIZERS.join(', ')}, got ${JSON.stringify(tokenizer)}`);
  }
  return TOKENIZE[tokenizer](withoutTrailingSpace(lowercase ? segment.toLowerCase() : segment));
}
