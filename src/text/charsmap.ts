// A compiled normalisation map, as NormalizerSpec.precompiled_charsmap holds it (src/builder.cc, src/normalizer.cc):
// u32 bytes of the trie, the trie's units, then the replacements, each ended by a NUL; all little-endian.
import { buildDoubleArray } from './double-array-builder.js';
import { DoubleArray } from './double-array.js';
import { TokenizerError } from './tokenizer-error.js';
import { compareCodePoints, encodeUtf8 } from './utf8.js';
import { WordGraph } from './word-graph.js';

export interface Charsmap {
  /** From text to where its replacement begins. */
  readonly trie: DoubleArray;
  /** The replacements. */
  readonly replacements: Uint8Array;
}

/** @throws TokenizerError for bytes that are no compiled map */
export function readCharsmap(bytes: Uint8Array): Charsmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = bytes.length > 4 ? view.getUint32(0, true) : 0;
  if (size === 0 || size % 4 !== 0 || size >= bytes.length - 4) {
    throw new TokenizerError(`model: expected a compiled normalisation map, got ${bytes.length} bytes that are none`);
  }
  const units = new Uint32Array(size / 4);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + 4 * i, true);
  return { trie: new DoubleArray(units), replacements: bytes.subarray(4 + size) };
}

/** Rules from text to its replacement, grouped by characters that stand for one another. */
export interface Rules {
  /** A character to its replacement. */
  readonly singles: ReadonlyMap<string, string>;
  /** Several characters to their replacement. */
  readonly compositions: ReadonlyMap<string, string>;
  /** All characters that a character of a composition may be written as, itself among them. */
  readonly spellings: ReadonlyMap<string, readonly string[]>;
}

/** A prefix of rules: where its own replacement begins (-1 where it has none), and what may follow. */
interface Prefix {
  start: number;
  readonly next: Map<string, Prefix>;
}

/** Where each replacement begins among all of them: each once, in the order of their code points. */
function layOutReplacements({ singles, compositions }: Rules): { starts: Map<string, number>; bytes: Uint8Array } {
  const distinct = [...new Set([...singles.values(), ...compositions.values()])].sort(compareCodePoints);
  const starts = new Map<string, number>();
  const parts = distinct.map(encodeUtf8);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, 0));
  let size = 0;
  parts.forEach((part, i) => {
    starts.set(distinct[i]!, size);
    bytes.set(part, size);
    size += part.length + 1;
  });
  return { starts, bytes };
}

function spellOut(next: ReadonlyMap<string, Prefix>, spellings: Rules['spellings'], singles: ReadonlyMap<string, Prefix>): [spelling: Uint8Array, prefix: Prefix][] {
  const spelled = new Map(singles);
  for (const [character, prefix] of next) {
    for (const spelling of spellings.get(character)!) spelled.set(spelling, { start: singles.get(spelling)?.start ?? prefix.start, next: prefix.next });
  }
  return [...spelled].sort(([a], [b]) => compareCodePoints(a, b)).map(([spelling, prefix]) => [encodeUtf8(spelling), prefix]);
}

/** Inserts all rules in the order of their bytes. */
function insertRules({ singles, compositions, spellings }: Rules, starts: ReadonlyMap<string, number>): WordGraph {
  const root = new Map<string, Prefix>();
  for (const [key, replacement] of compositions) {
    let next = root;
    let prefix: Prefix | undefined;
    for (const character of key) {
      prefix = next.get(character) ?? { start: -1, next: new Map() };
      next.set(character, prefix);
      next = prefix.next;
    }
    prefix!.start = starts.get(replacement)!;
  }
  const graph = new WordGraph();
  const key = new Uint8Array(256);
  const visit = (entries: readonly (readonly [Uint8Array, Prefix])[], depth: number): void => {
    for (const [spelling, prefix] of entries) {
      key.set(spelling, depth);
      const length = depth + spelling.length;
      if (prefix.start >= 0) graph.insert(key, length, prefix.start);
      if (prefix.next.size > 0) visit(spelledAfter(prefix.next), length);
    }
  };
  const known = new Map<ReadonlyMap<string, Prefix>, readonly (readonly [Uint8Array, Prefix])[]>();
  const spelledAfter = (next: ReadonlyMap<string, Prefix>) => {
    const entries = known.get(next) ?? spellOut(next, spellings, new Map());
    known.set(next, entries);
    return entries;
  };
  visit(spellOut(root, spellings, new Map([...singles].map(([character, replacement]) => [character, { start: starts.get(replacement)!, next: new Map() }]))), 0);
  graph.finish();
  return graph;
}

/** Compiles rules to the bytes that SentencePiece's own builder gives. */
export function writeCharsmap(rules: Rules): Uint8Array {
  const { starts, bytes } = layOutReplacements(rules);
  const units = buildDoubleArray(insertRules(rules, starts));
  const output = new Uint8Array(4 + units.length * 4 + bytes.length);
  const view = new DataView(output.buffer);
  view.setUint32(0, units.length * 4, true);
  units.forEach((unit, i) => view.setUint32(4 + 4 * i, unit, true));
  output.set(bytes, 4 + units.length * 4);
  return output;
}
