// Where a page's run finds its data: the reader's own files, and what lies beside the page.
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryFiles } from '../../src/web/memory-files.js';
import { dataFrom, SHORT_PAIRS } from '../../src/web/page-data.js';

const bytes = (text: string) => new TextEncoder().encode(text);

let own: MemoryFiles;
let served: MemoryFiles;
beforeEach(async () => {
  [own, served] = [new MemoryFiles(), new MemoryFiles()];
  await served.writeWhole('mnist/train-images-idx3-ubyte', bytes('served images'));
  await served.writeWhole('texts/tatoeba-short.tsv', bytes('served pairs'));
  await own.writeWhole('mine.tsv', bytes('own pairs'));
});

const read = async (path: string) => new TextDecoder().decode(await dataFrom(own, served).files.read(path));

describe('the page’s data', () => {
  it('is the server’s below mnist/, and the reader’s by any path that ends in a name', async () => {
    expect(await read('mnist/train-images-idx3-ubyte')).toBe('served images');
    for (const path of ['mine.tsv', './mine.tsv', '/home/reader/pairs/mine.tsv']) expect(await read(path)).toBe('own pairs');
    await expect(read('nowhere.tsv')).rejects.toThrow(/^nowhere\.tsv: expected a file/);
    await expect(read('texts/mine2.tsv')).rejects.toThrow();
  });

  it('has the short pairs under the name that a configuration gives them, unless the reader has a file so named', async () => {
    const { files } = dataFrom(own, served);
    expect([await read(SHORT_PAIRS), await files.size(SHORT_PAIRS)]).toEqual(['served pairs', 12]);
    await own.writeWhole(SHORT_PAIRS, bytes('my own'));
    expect([await read(SHORT_PAIRS), await files.size(SHORT_PAIRS)]).toEqual(['my own', 6]);
  });
});
