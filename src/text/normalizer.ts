// SentencePiece's normaliser (src/normalizer.cc): replace by the longest rule, drop or collapse spaces, write U+2581 for them.
import { readCharsmap, type Charsmap } from './charsmap.js';
import type { NormalizerSpec } from './model-file.js';
import { decodeCharacter, encodeUtf8, isMalformed } from './utf8.js';

/** How a space is written inside pieces: U+2581, the lower one eighth block. */
export const SPACE_SYMBOL = '\u2581';
const SPACE_BYTES = encodeUtf8(SPACE_SYMBOL);
const SPACE = 0x20;
const REPLACEMENT = encodeUtf8('\ufffd');

/** Bytes that grow by appending. */
class Output {
  bytes = new Uint8Array(256);
  size = 0;

  append(from: Uint8Array, start: number, end: number): void {
    if (this.size + end - start > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length + end - start);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    for (let i = start; i < end; i++) this.bytes[this.size++] = from[i]!;
  }

  endsWith(suffix: Uint8Array): boolean {
    if (suffix.length > this.size) return false;
    return suffix.every((byte, i) => this.bytes[this.size - suffix.length + i] === byte);
  }
}

export interface NormalizerOptions {
  readonly spec: NormalizerSpec;
  /** Put the space that is added to a text at its end. */
  readonly treatWhitespaceAsSuffix?: boolean;
  /** Texts that stay as they are. */
  readonly verbatim?: readonly string[];
}

/** Normalises bytes of text to bytes of UTF-8. */
export class Normalizer {
  readonly #charsmap: Charsmap | undefined;
  readonly #space: Uint8Array;
  readonly #addDummyPrefix: boolean;
  readonly #removeExtraWhitespaces: boolean;
  readonly #spaceComesLast: boolean;
  /** Texts that stay as they are, by their first byte, the longest first. */
  readonly #verbatim = new Map<number, Uint8Array[]>();
  /** For each ASCII byte, 1 where it stays as it is when another ASCII byte or nothing follows. */
  readonly #isPlain: Uint8Array;
  readonly #output = new Output();
  // What the last prefix was replaced by.
  #source: Uint8Array = SPACE_BYTES;
  #start = 0;
  #end = 0;

  /** @throws TokenizerError when the compiled map is damaged */
  constructor({ spec, treatWhitespaceAsSuffix = false, verbatim = [] }: NormalizerOptions) {
    const map = spec.precompiledCharsmap;
    this.#charsmap = map === undefined || map.length === 0 ? undefined : readCharsmap(map);
    this.#space = spec.escapeWhitespaces === false ? Uint8Array.of(SPACE) : SPACE_BYTES;
    this.#addDummyPrefix = spec.addDummyPrefix ?? true;
    this.#removeExtraWhitespaces = spec.removeExtraWhitespaces ?? true;
    this.#spaceComesLast = treatWhitespaceAsSuffix;
    for (const bytes of verbatim.map(encodeUtf8).sort((a, b) => b.length - a.length)) {
      this.#verbatim.set(bytes[0]!, [...(this.#verbatim.get(bytes[0]!) ?? []), bytes]);
    }
    this.#isPlain = this.#findPlain();
  }

  /** @returns bytes that stand until the next call */
  normalize(input: Uint8Array): Uint8Array {
    const end = input.length;
    let at = this.#removeExtraWhitespaces ? this.#skipSpaces(input) : 0;
    const output = this.#output;
    output.size = 0;
    if (at === end) return output.bytes.subarray(0, 0);
    if (!this.#spaceComesLast) this.#addSpace(output);
    let afterSpace = this.#removeExtraWhitespaces;
    while (at < end) {
      if (this.#isPlain[input[at]!] === 1 && (at + 1 === end || input[at + 1]! < 0x80)) {
        output.append(input, at, ++at);
        afterSpace = false;
        continue;
      }
      at += this.#replacePrefix(input, at, end);
      if (afterSpace) while (this.#start < this.#end && this.#source[this.#start] === SPACE) this.#start++;
      if (this.#start < this.#end) {
        this.#appendReplacement(output);
        afterSpace = this.#removeExtraWhitespaces && this.#source[this.#end - 1] === SPACE;
      }
    }
    if (this.#removeExtraWhitespaces) while (output.endsWith(this.#space)) output.size -= this.#space.length;
    if (this.#spaceComesLast) this.#addSpace(output);
    return output.bytes.subarray(0, output.size);
  }

  #findPlain(): Uint8Array {
    return Uint8Array.from({ length: 256 }, (_, byte) => {
      if (byte >= 0x80 || byte === SPACE || this.#verbatim.has(byte)) return 0;
      return this.#charsmap === undefined || !this.#charsmap.trie.hasAsciiKey(byte) ? 1 : 0;
    });
  }

  #addSpace(output: Output): void {
    if (this.#addDummyPrefix) output.append(this.#space, 0, this.#space.length);
  }

  /** Where what is no space begins. */
  #skipSpaces(input: Uint8Array): number {
    let at = 0;
    while (at < input.length) {
      const consumed = this.#replacePrefix(input, at, input.length);
      if (this.#end - this.#start !== 1 || this.#source[this.#start] !== SPACE) break;
      at += consumed;
    }
    return at;
  }

  #appendReplacement(output: Output): void {
    let from = this.#start;
    for (let i = from; i < this.#end; i++) {
      if (this.#source[i] !== SPACE) continue;
      output.append(this.#source, from, i);
      output.append(this.#space, 0, this.#space.length);
      from = i + 1;
    }
    output.append(this.#source, from, this.#end);
  }

  /** Finds what the text at a byte is replaced by; returns the bytes that are. */
  #replacePrefix(input: Uint8Array, at: number, end: number): number {
    const kept = this.#verbatimLength(input, at, end);
    if (kept > 0) return this.#replaceBy(input, at, at + kept, kept);
    if (this.#charsmap !== undefined) {
      const { trie, replacements } = this.#charsmap;
      const length = trie.longestPrefix(input, at, end);
      if (length > 0) {
        const stop = replacements.indexOf(0, trie.value);
        return this.#replaceBy(replacements, trie.value, stop < 0 ? replacements.length : stop, length);
      }
    }
    const character = decodeCharacter(input, at, end);
    if (isMalformed(character)) return this.#replaceBy(REPLACEMENT, 0, REPLACEMENT.length, 1);
    return this.#replaceBy(input, at, at + (character & 7), character & 7);
  }

  #replaceBy(source: Uint8Array, start: number, end: number, consumed: number): number {
    this.#source = source;
    this.#start = start;
    this.#end = end;
    return consumed;
  }

  #verbatimLength(input: Uint8Array, at: number, end: number): number {
    const candidates = this.#verbatim.size === 0 ? undefined : this.#verbatim.get(input[at]!);
    const found = candidates?.find((bytes) => bytes.length <= end - at && bytes.every((byte, i) => input[at + i] === byte));
    return found?.length ?? 0;
  }
}
