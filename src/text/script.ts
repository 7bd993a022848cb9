import { SCRIPT_NAMES, SCRIPT_RANGES } from './generated/scripts.js';

const POINTS = 0x110000;
const KATAKANA_LENGTH_MARK = 0x30fc;
const HAN = SCRIPT_NAMES.indexOf('Han');
/** Japanese mixes them inside words, so they count as Han. */
const JAPANESE = ['Hiragana', 'Katakana'];

/** What {@link scriptTable} gives characters that take over the script of the one before, such as combining marks. */
export const INHERITED = SCRIPT_NAMES.indexOf('Inherited');

let table: Uint8Array | undefined;

function unpackTable(): Uint8Array {
  const scripts = new Uint8Array(POINTS);
  let at = 0;
  for (const range of SCRIPT_RANGES.split(' ')) {
    const [skipped, more, script] = range.split('.').map((digits) => Number.parseInt(digits, 16)) as [number, number, number];
    at += skipped;
    scripts.fill(JAPANESE.includes(SCRIPT_NAMES[script]!) ? HAN : script, at, at + more + 1);
    at += more + 1;
  }
  scripts[KATAKANA_LENGTH_MARK] = HAN;
  return scripts;
}

/** The script of every code point as an index of SCRIPT_NAMES, for telling whether a piece mixes scripts: uint8[0x110000]. */
export function scriptTable(): Uint8Array {
  table ??= unpackTable();
  return table;
}
