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

/** Where each replacement begins among all of them: each once, in the order of their code points. */
function layOutReplacements(rules: ReadonlyMap<string, string>): { starts: Map<string, number>; bytes: Uint8Array } {
  const distinct = [...new Set(rules.values())].sort(compareCodePoints);
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

/** Compiles rules (text to its replacement) to the bytes that SentencePiece's own builder gives. */
export function writeCharsmap(rules: ReadonlyMap<string, string>): Uint8Array {
  const { starts, bytes } = layOutReplacements(rules);
  const graph = new WordGraph();
  for (const key of [...rules.keys()].sort(compareCodePoints)) graph.insert(encodeUtf8(key), starts.get(rules.get(key)!)!);
  graph.finish();
  const units = buildDoubleArray(graph);
  const output = new Uint8Array(4 + units.length * 4 + bytes.length);
  const view = new DataView(output.buffer);
  view.setUint32(0, units.length * 4, true);
  units.forEach((unit, i) => view.setUint32(4 + 4 * i, unit, true));
  output.set(bytes, 4 + units.length * 4);
  return output;
}
