// Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding), as much of it as a SentencePiece model uses.
import { TokenizerError } from './tokenizer-error.js';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A field as it came: whole numbers are signed 64-bit ones cut to what a float64 holds. */
export type Field = { readonly number: number } & (
  { readonly kind: 'varint'; readonly value: number } | { readonly kind: 'bytes'; readonly value: Uint8Array } | { readonly kind: 'float'; readonly value: number }
);

function damaged(at: number): TokenizerError {
  return new TokenizerError(`model: expected the fields of a SentencePiece model, got bytes that end or break off at byte ${at}`);
}

/** Reads one message, field by field. @throws TokenizerError where the bytes are not a message */
export class MessageReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The next field whose type is one of those that a model uses; undefined at the end. */
  next(): Field | undefined {
    while (this.#at < this.#bytes.length) {
      const tag = this.#varint();
      const number = Math.floor(tag / 8);
      if (number === 0) throw damaged(this.#at);
      switch (tag & 7) {
        case VARINT: return { number, kind: 'varint', value: this.#varint() };
        case BYTES: return { number, kind: 'bytes', value: this.#take(this.#varint()) };
        case FIXED32: {
          this.#take(4);
          return { number, kind: 'float', value: this.#view.getFloat32(this.#at - 4, true) };
        }
        case FIXED64:
          this.#take(8);
          break;
        default: throw damaged(this.#at);
      }
    }
    return undefined;
  }

  #take(size: number): Uint8Array {
    if (!(size >= 0 && size <= this.#bytes.length - this.#at)) throw damaged(this.#at);
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #varint(): number {
    const first = this.#bytes[this.#at];
    // Nearly all lengths and tags: one byte.
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return first;
    }
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damaged(this.#bytes.length);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw damaged(this.#at);
  }
}

/** Writes one message, in the order of the calls. */
export class MessageWriter {
  #bytes = new Uint8Array(256);
  #size = 0;

  /** A whole number up to 2^53 in size; negative ones take ten bytes, as int32 and int64 fields do. */
  varint(number: number, value: number): void {
    this.#tag(number, VARINT);
    this.#varint(value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);
  }

  float(number: number, value: number): void {
    this.#tag(number, FIXED32);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#size, value, true);
    this.#size += 4;
  }

  bytes(number: number, value: Uint8Array): void {
    this.#tag(number, BYTES);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#size);
    this.#size += value.length;
  }

  /** What was written so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #tag(number: number, wireType: number): void {
    this.#varint(number * 8 + wireType);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (value < 128) {
      this.#bytes[this.#size++] = Number(value);
      return;
    }
    let left = BigInt(value);
    for (; left >= 128n; left >>= 7n) this.#bytes[this.#size++] = Number(left & 127n) | 128;
    this.#bytes[this.#size++] = Number(left);
  }

  #reserve(size: number): void {
    if (this.#size + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#size + size));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
