// Minimum diameter averaging: the n - f rows whose greatest distance is least.
//
// A diameter D can be reached when leaving f rows out removes every pair farther apart than D: a vertex cover of size f in
// the graph of those pairs. The least such D is found by bisection over the distances, each cover by branching.
import { MINORITY, type AggregatorDefinition } from './aggregator.js';
import { indices, meanOfRows, squaredDistances, type Vectors } from './vectors.js';

/** Branches after which the search is given up: some seconds at 200 rows. */
const MOST_BRANCHES = 100_000;

/** Rows that are left, and each one's conflicts with others that are left. */
interface Remaining {
  isPresent: Uint8Array;
  degrees: Int32Array;
}

/** Pairs too far apart. */
class ConflictGraph {
  readonly #count: number;
  readonly #edges: Uint8Array;
  readonly #budget: { branches: number };

  constructor(count: number, squares: Float64Array, limit: number, budget: { branches: number }) {
    this.#count = count;
    this.#edges = Uint8Array.from(squares, (square, at) => (square > limit && at % (count + 1) !== 0 ? 1 : 0));
    this.#budget = budget;
  }

  whole(): Remaining {
    const degrees = Int32Array.from(indices(this.#count), (row) => this.#edges.subarray(row * this.#count, (row + 1) * this.#count).reduce((sum, edge) => sum + edge, 0));
    return { isPresent: new Uint8Array(this.#count).fill(1), degrees };
  }

  /** The rows left that a row is in conflict with. */
  conflictsOf({ isPresent }: Remaining, row: number): number[] {
    return indices(this.#count).filter((other) => this.#edges[row * this.#count + other] === 1 && isPresent[other] === 1);
  }

  without(remaining: Remaining, rows: readonly number[]): Remaining {
    const isPresent = remaining.isPresent.slice();
    const degrees = remaining.degrees.slice();
    for (const row of rows) {
      isPresent[row] = 0;
      degrees[row] = 0;
      for (let other = 0; other < this.#count; other++) degrees[other]! -= this.#edges[row * this.#count + other]! & isPresent[other]!;
    }
    return { isPresent, degrees };
  }

  /**
   * Whether taking away at most `size` of the rows left leaves no conflict. Branches on the row in most conflicts:
   * it goes, or all it conflicts with go, in time 1.47^size.
   */
  hasCover(remaining: Remaining, size: number): boolean {
    if (++this.#budget.branches > MOST_BRANCHES) {
      throw new RangeError(`mda: expected a search of at most ${MOST_BRANCHES} branches, got more; take a smaller f, or another rule`);
    }
    const { degrees } = remaining;
    let row = 0;
    let sum = 0;
    for (let index = 0; index < degrees.length; index++) {
      sum += degrees[index]!;
      if (degrees[index]! > degrees[row]!) row = index;
    }
    const most = degrees[row]!;
    if (most === 0) return true;
    if (sum / 2 > size * most) return false;
    // Every row is in at most one conflict: one row of each pair goes.
    if (most === 1) return true;
    if (this.hasCover(this.without(remaining, [row]), size - 1)) return true;
    return most <= size && this.hasCover(this.without(remaining, this.conflictsOf(remaining, row)), size - most);
  }
}

/** The least squared diameter of n - f rows. */
function leastDiameter(count: number, squares: Float64Array, byzantine: number, budget: { branches: number }): number {
  const limits = [0, ...new Set(squares)].sort((a, b) => a - b);
  let low = 0;
  let high = limits.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const graph = new ConflictGraph(count, squares, limits[middle]!, budget);
    if (graph.hasCover(graph.whole(), byzantine)) high = middle;
    else low = middle + 1;
  }
  return limits[low]!;
}

/** The n - f rows of least diameter; of several such sets the first in lexicographic order. */
export function minimumDiameterRows(vectors: Vectors, byzantine: number): number[] {
  const { count } = vectors;
  const squares = squaredDistances(vectors);
  const budget = { branches: 0 };
  const graph = new ConflictGraph(count, squares, leastDiameter(count, squares, byzantine, budget), budget);
  const kept: number[] = [];
  let remaining = graph.whole();
  let spare = byzantine;
  for (let row = 0; row < count && kept.length < count - byzantine; row++) {
    if (remaining.isPresent[row] === 0) continue;
    const others = graph.conflictsOf(remaining, row);
    if (squares[row * count + row] === 0 && others.length <= spare && graph.hasCover(graph.without(remaining, others), spare - others.length)) {
      kept.push(row);
      remaining = graph.without(remaining, others);
      spare -= others.length;
    } else {
      remaining = graph.without(remaining, [row]);
      spare--;
    }
  }
  return kept;
}

export const mda: AggregatorDefinition = {
  name: 'mda',
  help: `mean of the n - f rows of least diameter, exactly; time grows as 1.47^f, given up after ${MOST_BRANCHES} branches`,
  source: 'El Mhamdi, Guerraoui, Guirguis, Hoang and Rouault 2020',
  options: {},
  bound: () => MINORITY,
  followsScale: true,
  selects: true,
  compute: (vectors, { byzantine }) => meanOfRows(vectors, minimumDiameterRows(vectors, byzantine)),
};
