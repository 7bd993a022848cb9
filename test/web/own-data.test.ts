// What a file of the reader's own is, by its beginning and its name.
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../src/web/page/own-data.js';

const text = (words: string) => new TextEncoder().encode(words);
const cut = text('日本語\tJapanese\n').subarray(0, 2);

describe('a file of the reader’s own', () => {
  it.each([
    ['IDX', Uint8Array.of(0, 0, 8, 3, 0, 0, 234, 96), 'train-images-idx3-ubyte'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'train.ja.gz'],
    ['zip', text('PK\x03\x04\x14'), 'jpn-eng.zip'],
    ['SentencePiece', Uint8Array.of(0x0a, 0x0e, 0x0a, 5), 'source.model'],
    ['network', text('{\n  "tensors": "lenet.safetensors"'), 'lenet.json'],
    ['safetensors', text('\x08\x02\0\0\0\0\0\0{"__metadata__"'), 'lenet.safetensors'],
    ['LIBSVM', text('+1 1:0.5 3:2\n-1 2:1\n'), 'a9a.txt'],
    ['sentences', text('Go.\t行け。\tCC-BY\n'), 'pairs'],
    ['sentences', text('行け。\nこんにちは。\n'), 'train.ja'],
    ['sentences', text('Go.\r\nHi.\r\n'), 'train.txt'],
    ['sentences', cut, 'cut.tsv'],
  ])('is %s', (kind, head, name) => expect(kindOf(head, name)).toBe(kind));

  it.each([
    ['text that is named like no text', text('not data'), 'holiday.jpg'],
    ['bytes', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), 'photo.txt'],
    ['text with control characters', text('a\x00b\tc'), 'dump.tsv'],
    ['JSON that is named like no network', text('{}'), 'notes'],
    ['a model by its bytes alone', Uint8Array.of(0x0a, 0x0e, 0, 5), 'model.bin'],
  ])('is refused: %s', (_what, head, name) => expect(kindOf(head, name)).toBeUndefined());
});
