// The geometric median: the point with the least sum of distances to the rows.
//
// Weiszfeld's iteration (1937) converges linearly at best and stalls on a row, so here Newton's method on the sum of
// distances does the work: away from the rows the sum is smooth, and strictly convex unless all rows lie on one line.
// What happens at a row is Vardi & Zhang's (2000): it is the median when the pull of the others is at most its
// multiplicity, and otherwise their step leaves it downhill. Each row is left at most once.
import { medianOnLine, positionsOnLine } from './line-median.js';
import { largestValue, powerFor, scaledBy } from './scale.js';
import { difference, dot, finiteRows, meanOfRows, normOf, rowOf, takeRows, type Vectors } from './vectors.js';

/** Of values in [1, 2): distances below are 0, so that their reciprocals are finite. */
const NO_DISTANCE = 1 / 2 ** 1000;
const EPSILON = 1 / 2 ** 52;
/** How far conjugate gradients reduce the residual of a Newton step. */
const RESIDUAL = 1e-8;
const MOST_PRODUCTS = 200;

function moved(from: Float64Array, direction: Float64Array, by: number): Float64Array {
  return from.map((value, column) => value + by * direction[column]!);
}

/** The sum of distances around one point z: its gradient, and what its second derivative needs. */
class Neighbourhood {
  readonly #points: Vectors;
  readonly z: Float64Array;
  /** From z to each row. */
  readonly distances: Float64Array;
  /** Sum of (z - x) / ||z - x|| over the rows away from z [dimension]. */
  readonly gradient: Float64Array;
  /** Sum of 1 / ||z - x|| over the rows away from z. */
  readonly weight: number;
  readonly nearest: number;

  constructor(points: Vectors, z: Float64Array) {
    this.#points = points;
    this.z = z;
    this.distances = new Float64Array(points.count);
    this.gradient = new Float64Array(points.dimension);
    let weight = 0;
    let nearest = 0;
    for (let row = 0; row < points.count; row++) {
      const away = difference(z, rowOf(points, row));
      const length = normOf(away);
      const distance = length < NO_DISTANCE ? 0 : length;
      this.distances[row] = distance;
      if (distance < this.distances[nearest]!) nearest = row;
      if (distance === 0) continue;
      weight += 1 / distance;
      for (let column = 0; column < away.length; column++) this.gradient[column]! += away[column]! / distance;
    }
    this.weight = weight;
    this.nearest = nearest;
  }

  /** How much the sum of distances changes on the way to another point; no digits cancel, however far some rows are. */
  changeTo(other: Neighbourhood): number {
    const points = this.#points;
    let change = 0;
    for (let row = 0; row < points.count; row++) {
      const sum = this.distances[row]! + other.distances[row]!;
      if (sum === 0) continue;
      const x = rowOf(points, row);
      let part = 0;
      for (let column = 0; column < x.length; column++) {
        const ahead = other.z[column]! - x[column]!;
        const behind = this.z[column]! - x[column]!;
        part += (other.z[column]! - this.z[column]!) * ((ahead + behind) / sum);
      }
      change += part;
    }
    return change;
  }

  /** Hessian times v: the sum of (v - u (u . v)) / ||z - x|| with u = (z - x) / ||z - x||. */
  #hessianTimes(v: Float64Array): Float64Array {
    const points = this.#points;
    const product = v.map((value) => this.weight * value);
    for (let row = 0; row < points.count; row++) {
      const distance = this.distances[row]!;
      if (distance === 0) continue;
      const x = rowOf(points, row);
      let along = 0;
      for (let column = 0; column < x.length; column++) along += ((this.z[column]! - x[column]!) / distance) * v[column]!;
      along /= distance;
      for (let column = 0; column < x.length; column++) product[column]! -= ((this.z[column]! - x[column]!) / distance) * along;
    }
    return product;
  }

  /** Newton's step, by conjugate gradients (Hestenes & Stiefel 1952) from zero. */
  newtonStep(): Float64Array {
    const step = new Float64Array(this.gradient.length);
    const residual = this.gradient.map((value) => -value);
    const direction = residual.slice();
    let square = dot(residual, residual);
    const enough = square * RESIDUAL * RESIDUAL;
    for (let product = 0; product < MOST_PRODUCTS && square > enough; product++) {
      const curved = this.#hessianTimes(direction);
      const curvature = dot(direction, curved);
      if (!(curvature > 0)) break;
      const length = square / curvature;
      for (let column = 0; column < step.length; column++) {
        step[column]! += length * direction[column]!;
        residual[column]! -= length * curved[column]!;
      }
      const before = square;
      square = dot(residual, residual);
      for (let column = 0; column < step.length; column++) direction[column] = residual[column]! + (square / before) * direction[column]!;
    }
    return step;
  }

  /** Weiszfeld's step: to the mean of the rows, each weighed by 1 / distance. */
  weiszfeldStep(): Float64Array {
    return this.gradient.map((value) => -value / this.weight);
  }

  /** The gradient, a sum of unit vectors, is no longer told from its rounding. */
  isFlat(): boolean {
    return normOf(this.gradient) <= (EPSILON / 2) * Math.sqrt(this.#points.count);
  }

  /** Vardi & Zhang's test and step at a row on which z lies: undefined when it is the median. */
  leaveRow(): Float64Array | undefined {
    const multiplicity = this.distances.reduce((count, distance) => count + (distance === 0 ? 1 : 0), 0);
    const pull = normOf(this.gradient);
    if (pull <= multiplicity + this.#points.count * 4 * EPSILON) return undefined;
    return moved(this.z, this.gradient, -(1 - multiplicity / pull) / this.weight);
  }
}

/** The nearest point below `here` that Newton's step or, failing it, Weiszfeld's leads to. */
function descend(points: Vectors, here: Neighbourhood): Neighbourhood | undefined {
  const newton = here.newtonStep();
  for (const step of [newton, newton.map((value) => value / 4), newton.map((value) => value / 32), here.weiszfeldStep()]) {
    const next = new Neighbourhood(points, moved(here.z, step, 1));
    if (here.changeTo(next) < 0) return next;
  }
  return undefined;
}

function minimize(points: Vectors, tolerance: number, maxIterations: number): Float64Array {
  const seen = new Set<number>();
  let here = new Neighbourhood(points, meanOfRows(points));
  let isDone = false;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const { nearest } = here;
    if (!seen.has(nearest)) {
      seen.add(nearest);
      const there = new Neighbourhood(points, rowOf(points, nearest));
      const step = there.leaveRow();
      if (step === undefined) return there.z.slice();
      if (here.changeTo(there) <= 0) {
        here = new Neighbourhood(points, step);
        isDone = false;
        continue;
      }
    }
    if (isDone || here.isFlat()) break;
    const next = descend(points, here);
    if (next === undefined) break;
    isDone = normOf(difference(next.z, here.z)) <= tolerance * normOf(next.z);
    here = next;
  }
  return here.z;
}

/**
 * The geometric median of the finite rows, to the rounding of float64.
 *
 * A row that is the median is returned bit for bit. Where all rows lie on one line and their number is even, every point
 * between the two middle ones is a median; the one returned is where Weiszfeld's iteration from the mean comes to rest.
 * Rows within 2^-40 of a line, relative to their distances from its middle, count as on it.
 *
 * @param tolerance the last move relative to the result's norm
 * @returns [dimension]; NaN without a finite row
 */
export function geometricMedian(vectors: Vectors, tolerance: number, maxIterations: number): Float64Array {
  const finite = finiteRows(vectors);
  if (finite.length === 0) return new Float64Array(vectors.dimension).fill(NaN);
  const power = powerFor(largestValue(vectors) || 1);
  const points = scaledBy(takeRows(vectors, finite), power);
  const positions = positionsOnLine(points);
  const result = positions === undefined ? minimize(points, tolerance, maxIterations) : medianOnLine(points, positions);
  return result.map((value) => value / power);
}
