// Curves of several seeds, their mean and its interval.
import { bootstrapMean, type LineSeries, type Point } from '../figures/index.js';

export interface SeedCurve {
  /** The seed's folder. */
  seed: string;
  /** In order of x; a missing y is NaN. */
  points: readonly Point[];
}

/** In index order; NaN for none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Points of one x each, in order of x; of several rows for one x, as a resumed run may leave, the last counts.
 * An x that is missing is left out.
 */
export function orderedPoints(points: readonly Point[]): Point[] {
  const byX = new Map(points.filter(({ x }) => !Number.isNaN(x)).map((point) => [point.x, point]));
  return [...byX.values()].sort((a, b) => a.x - b.x);
}

/**
 * Values by step, where at least half of the seeds that got there have one. Elsewhere nothing was measured, which is no
 * gap: accuracies are often taken every so many steps, and by each seed once more at its end.
 */
function measuredAt(curves: readonly SeedCurve[]): Map<number, number[]> {
  const steps = new Map<number, { rows: number; values: number[] }>();
  for (const { points } of curves) {
    for (const { x, y } of points) {
      const at = steps.get(x) ?? { rows: 0, values: [] };
      steps.set(x, at);
      at.rows++;
      if (!Number.isNaN(y)) at.values.push(y);
    }
  }
  const measured = [...steps].filter(([, { rows, values }]) => values.length > 0 && 2 * values.length >= rows);
  return new Map(measured.map(([x, { values }]) => [x, values]));
}

/** More than a plot has pixels across. */
const MOST_INTERVALS = 1000;

/**
 * Mean over the seeds that have a value there, with the bootstrap's 95% interval where there are at least two. Of more than
 * 1,000 steps every second has an interval, or third, and so on.
 */
function meanPoints(values: ReadonlyMap<number, readonly number[]>): Point[] {
  const every = Math.ceil(values.size / MOST_INTERVALS);
  return [...values]
    .sort(([a], [b]) => a - b)
    .map(([x, atX], index) => {
      const y = meanOf(atX);
      if (atX.length < 2) return { x, y, low: NaN, high: NaN };
      if (index % every !== 0) return { x, y };
      const { low, high } = bootstrapMean(atX);
      return { x, y, low, high };
    });
}

/** The mean over seeds with its band, single seeds behind it; of one seed its line alone. */
export function meanSeries(curves: readonly SeedCurve[]): LineSeries {
  const values = measuredAt(curves);
  const measured = curves.map(({ points }) => points.filter(({ x, y }) => values.has(x) || !Number.isNaN(y)));
  if (curves.length === 1) return { name: curves[0]!.seed, points: measured[0]! };
  return { name: `mean of ${curves.length} seeds, 95% band`, points: meanPoints(values), individuals: measured, individualsName: 'single seeds' };
}
