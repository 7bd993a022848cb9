import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlotBook } from '../../src/web/plots.js';

const bookOf = (points: readonly (readonly [string, number, number])[]) => {
  const book = new PlotBook();
  for (const [series, x, y] of points) book.apply('loss', { kind: 'point', series, x, y });
  return book;
};

describe('a book of plots', () => {
  it('keeps points in their order, by series, and survives its text', () => {
    const number = fc.double({ noDefaultInfinity: true });
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), number, number), { maxLength: 50 }), (points) => {
      const book = PlotBook.fromText(bookOf(points).toText());
      for (const series of ['a', 'b']) {
        const own = points.filter(([name]) => name === series);
        // JSON has no -0.
        expect(book.curves.get('loss')?.get(series)?.y ?? []).toEqual(own.map(([, , y]) => (y === 0 ? 0 : y)));
      }
    }));
  });

  it('does not grow with the length of a run: it leaves points out evenly, and keeps the first', () => {
    const book = bookOf(Array.from({ length: 100_000 }, (_, step) => ['a', step, 1 - step] as const));
    const { x, y, stride, seen } = book.curves.get('loss')!.get('a')!;
    expect(x.length).toBeLessThan(4096);
    expect(x.length).toBeGreaterThanOrEqual(2048);
    expect(seen).toBe(100_000);
    expect(x).toEqual(Array.from({ length: x.length }, (_, place) => place * stride));
    expect(y).toEqual(x.map((value) => 1 - value));
  });

  it('keeps the last picture of a panel', () => {
    const book = new PlotBook();
    for (const note of ['first', 'second']) book.apply('messages', { kind: 'plane', groups: [], note });
    expect(PlotBook.fromText(book.toText()).pictures.get('messages')).toEqual({ kind: 'plane', groups: [], note: 'second' });
  });
});
