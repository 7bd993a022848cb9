// Krum and its descendants: rows are ranked by how near their nearest others are. Ties go to the lowest index.
import { MINORITY, type AggregatorDefinition, type Bound } from './aggregator.js';
import { EVEN, meansAroundMedians } from './coordinate-rules.js';
import type { OptionDeclaration, OptionValue, OptionValues } from '../core/index.js';
import { indices, meanOfRows, rowOf, smallest, squaredDistances, takeRows, type Vectors } from './vectors.js';

const NEIGHBOURS: OptionDeclaration = {
  default: 'n-f-2', choices: ['n-f-2', 'n-f-1', 'n-f'],
  help: 'nearest others that count (at most n - 1): n-f-2 in the paper, n-f-1 in ByzFL',
};
const POWER: OptionDeclaration = { default: 2, choices: [1, 2, 4], help: 'power of the distances that are added' };

/** The paper's proof needs 2f + 2 < n; a rule with more neighbours is defined for 2f < n. */
function krumBound({ neighbours }: OptionValues): Bound {
  return neighbours === 'n-f-2' ? { text: '2f + 2 < n', holds: (n, f) => 2 * f + 2 < n } : MINORITY;
}

function neighbourCount(neighbours: OptionValue, count: number, byzantine: number): number {
  return count - byzantine - (neighbours === 'n-f-2' ? 2 : neighbours === 'n-f-1' ? 1 : 0);
}

/** Pairwise distances to a power, with the others of each row from the nearest to the farthest. */
class Neighbourhoods {
  readonly #distances: Float64Array;
  readonly #order: Int32Array[];

  constructor(vectors: Vectors, power: OptionValue) {
    const { count } = vectors;
    const squares = squaredDistances(vectors);
    this.#distances = power === 2 ? squares : squares.map((square) => (power === 1 ? Math.sqrt(square) : square * square));
    this.#order = indices(count).map((row) => {
      const distances = this.#distances.subarray(row * count, (row + 1) * count);
      const others = Int32Array.from(indices(count).filter((other) => other !== row));
      return others.sort((a, b) => (distances[a]! < distances[b]! ? -1 : distances[a]! > distances[b]! ? 1 : a - b));
    });
  }

  /** A row's sum over its nearest others that are present, from the nearest on; Infinity for a row that is not finite. */
  score(row: number, neighbours: number, isPresent: (other: number) => boolean): number {
    const count = this.#order.length;
    if (this.#distances[row * count + row] !== 0) return Infinity;
    let sum = 0;
    let taken = 0;
    for (const other of this.#order[row]!) {
      const distance = this.#distances[row * count + other]!;
      if (taken >= neighbours || distance === Infinity) break;
      if (!isPresent(other)) continue;
      sum += distance;
      taken++;
    }
    return sum;
  }
}

/** Krum's score of every row. */
function scoresOf(vectors: Vectors, byzantine: number, { neighbours, power }: OptionValues): number[] {
  const neighbourhoods = new Neighbourhoods(vectors, power!);
  const nearest = neighbourCount(neighbours!, vectors.count, byzantine);
  return indices(vectors.count).map((row) => neighbourhoods.score(row, nearest, () => true));
}

/**
 * The Krum of the notebook behind Byrd-SAGA: built for the honest rows alone (taken to be the first n - f), it adds each
 * one's n - f - 1 largest squared distances, its own 0 among the candidates, and so never sees an attacker.
 */
function notebookKrum(vectors: Vectors, byzantine: number): Float64Array {
  const honest = takeRows(vectors, indices(vectors.count - byzantine));
  if (!honest.values.every(Number.isFinite)) throw new RangeError('krum: expected finite values in the first n - f rows with variant notebook, got NaN or an infinity');
  const squares = squaredDistances(honest);
  const scores = indices(honest.count).map((row) => {
    const largest = squares.slice(row * honest.count, (row + 1) * honest.count).sort().subarray(1).reverse();
    return largest.reduce((sum, square) => sum + square, 0);
  });
  return rowOf(vectors, smallest(scores, 1)[0]!).slice();
}

export const krum: AggregatorDefinition = {
  name: 'krum',
  help: 'the row with the least sum of squared distances to its nearest others',
  source: 'Blanchard, El Mhamdi, Guerraoui and Stainer 2017',
  options: { neighbours: NEIGHBOURS, power: POWER },
  variants: { paper: { neighbours: 'n-f-2', power: 2 }, byzfl: { neighbours: 'n-f-1', power: 2 }, notebook: {} },
  usual: 'neighbours',
  bound: (options) => (options.variant === 'notebook' ? { text: 'f < n', holds: (n, f) => f < n } : krumBound(options)),
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }, options) => {
    if (options.variant === 'notebook') return notebookKrum(vectors, byzantine);
    return rowOf(vectors, smallest(scoresOf(vectors, byzantine, options), 1)[0]!).slice();
  },
};

function selectedCount(select: OptionValue, count: number, byzantine: number): number {
  if (typeof select === 'number') return select;
  return count - byzantine - (select === 'n-f-2' ? 2 : 0);
}

function multiKrumBound(options: OptionValues): Bound {
  const { text, holds } = krumBound(options);
  const select = options.select!;
  const limit = typeof select === 'number' ? `${select} <= n - f` : 'n - f - 2 >= 1';
  const fits = (n: number, f: number) => selectedCount(select, n, f) >= 1 && selectedCount(select, n, f) <= n - f;
  return select === 'n-f' ? { text, holds } : { text: `${text} and ${limit}`, holds: (n, f) => holds(n, f) && fits(n, f) };
}

export const multiKrum: AggregatorDefinition = {
  name: 'multi-krum',
  help: "mean of the rows that are best by Krum's score",
  source: 'Blanchard, El Mhamdi, Guerraoui and Stainer 2017',
  options: {
    select: { default: 'n-f', choices: ['n-f', 'n-f-2'], number: { whole: true, least: 1 }, help: 'rows that are averaged' },
    neighbours: NEIGHBOURS,
    power: POWER,
  },
  usual: 'select',
  bound: multiKrumBound,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }, options) => {
    const selected = smallest(scoresOf(vectors, byzantine, options), selectedCount(options.select!, vectors.count, byzantine));
    return meanOfRows(vectors, selected);
  },
};

/** The rows that Krum picks one after the other, each time from those left: of m left, m - f - 2 neighbours (at least one) count. */
function repeatedKrum(vectors: Vectors, byzantine: number, picks: number): number[] {
  const neighbourhoods = new Neighbourhoods(vectors, 2);
  const isLeft = new Array<boolean>(vectors.count).fill(true);
  const picked: number[] = [];
  while (picked.length < picks) {
    const nearest = Math.max(1, vectors.count - picked.length - byzantine - 2);
    let best = -1;
    let least = Infinity;
    for (let row = 0; row < vectors.count; row++) {
      if (!isLeft[row]) continue;
      const score = neighbourhoods.score(row, nearest, (other) => isLeft[other]!);
      if (score < least) [best, least] = [row, score];
    }
    isLeft[best] = false;
    picked.push(best);
  }
  return picked.sort((a, b) => a - b);
}

/** Bulyan's first part: the n - 2f rows that Krum picks one after the other, in ascending index. */
export function pickedByBulyan(vectors: Vectors, byzantine: number): Vectors {
  return takeRows(vectors, repeatedKrum(vectors, byzantine, vectors.count - 2 * byzantine));
}

export const bulyan: AggregatorDefinition = {
  name: 'bulyan',
  help: 'n - 2f rows picked by Krum, one after the other; per coordinate the mean of the n - 4f of them nearest their median',
  source: 'El Mhamdi, Guerraoui and Rouault 2018',
  options: { even: EVEN },
  usual: 'even',
  bound: () => ({ text: '4f + 3 <= n', holds: (n, f) => 4 * f + 3 <= n }),
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }, { even }) => {
    const picked = pickedByBulyan(vectors, byzantine);
    return meansAroundMedians(picked, picked.count - 2 * byzantine, even!);
  },
};
