// The geometric median of rows on one line, where the sum of distances is not strictly convex.
import { middleOf } from './coordinate-rules.js';
import { difference, dot, indexOfLargest, indices, normOf, rowOf, smallest, type Vectors } from './vectors.js';

const NEGLIGIBLE = 1 / 2 ** 40;
const MOST_STEPS = 10_000;

function coordinateMedian({ count, dimension, values }: Vectors): Float64Array {
  return Float64Array.from({ length: dimension }, (_, column) =>
    middleOf(Float64Array.from({ length: count }, (__, row) => values[row * dimension + column]!).sort(), 'lower'));
}

/**
 * Where the rows lie on the line through them, measured from a row in their midst; undefined when they lie on no line.
 * An outlier far away may not hide the shape of the rest, so each row's offset is held against its own distance.
 */
export function positionsOnLine(points: Vectors): Float64Array | undefined {
  const { count } = points;
  const middle = coordinateMedian(points);
  const toMiddle = indices(count).map((row) => normOf(difference(rowOf(points, row), middle)));
  const base = rowOf(points, smallest(toMiddle, 1)[0]!);
  const offsets = indices(count).map((row) => difference(rowOf(points, row), base));
  const lengths = offsets.map(normOf);
  const farthest = indexOfLargest(lengths);
  if (lengths[farthest] === 0) return new Float64Array(count);
  const direction = offsets[farthest]!.map((value) => value / lengths[farthest]!);
  const positions = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const position = dot(offsets[row]!, direction);
    const beside = offsets[row]!.map((value, column) => value - position * direction[column]!);
    if (normOf(beside) > NEGLIGIBLE * lengths[row]!) return undefined;
    positions[row] = position;
  }
  return positions;
}

/** Where Weiszfeld's iteration from the mean enters the interval between the two middle positions. */
function enterInterval(positions: Float64Array, low: number, high: number): number {
  let z = positions.reduce((sum, position) => sum + position, 0) / positions.length;
  for (let step = 0; step < MOST_STEPS && !(z >= low && z <= high); step++) {
    let weighed = 0;
    let weight = 0;
    for (const position of positions) {
      const distance = Math.abs(position - z) || 1;
      weighed += position / distance;
      weight += 1 / distance;
    }
    z = weighed / weight;
  }
  return Math.min(high, Math.max(low, z));
}

/** The median of rows on a line: the middle row, or a point between the two middle ones. */
export function medianOnLine(points: Vectors, positions: Float64Array): Float64Array {
  const order = indices(points.count).sort((a, b) => positions[a]! - positions[b]! || a - b);
  const lower = order[(points.count - 1) >> 1]!;
  const upper = order[points.count >> 1]!;
  const low = positions[lower]!;
  const high = positions[upper]!;
  if (low === high) return rowOf(points, lower).slice();
  const share = (enterInterval(positions, low, high) - low) / (high - low);
  const from = rowOf(points, lower);
  const to = rowOf(points, upper);
  return from.map((value, column) => (1 - share) * value + share * to[column]!);
}
