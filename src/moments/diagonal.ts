// Variances out of covariances and back. float64.
import { formatShape, type Tape, type Tensor } from '../tensor/index.js';

function requireSquares(op: string, covariance: Tensor): { batch: number; n: number } {
  const [batch, n, columns] = covariance.shape;
  if (covariance.dtype !== 'float64' || covariance.shape.length !== 3 || n !== columns) {
    throw new RangeError(`${op}: expected float64 covariances [batch, n, n], got ${covariance.dtype} ${formatShape(covariance.shape)}`);
  }
  return { batch: batch!, n: n! };
}

/** Calls `visit` with the place of every diagonal entry, and its number. */
function eachDiagonal(batch: number, n: number, visit: (place: number, index: number) => void): void {
  for (let index = 0; index < batch * n; index++) visit(index * n + (index % n), index);
}

/** The variances [batch, n] of covariances [batch, n, n]. @throws RangeError for another shape or dtype */
export function diagonal(tape: Tape, covariance: Tensor): Tensor {
  const { batch, n } = requireSquares('diagonal', covariance);
  const output = tape.empty([batch, n], 'float64', 'diagonal');
  const { memory } = covariance.core;
  const from = memory.f64(covariance.source, covariance.size), to = memory.f64(output.pointer, output.size);
  eachDiagonal(batch, n, (place, index) => (to[index] = from[place]!));
  return tape.record([covariance], output, (gradient) => {
    tape.accumulate(covariance, (pointer) => {
      const given = memory.f64(gradient.source, gradient.size), taken = memory.f64(pointer, covariance.size).fill(0);
      eachDiagonal(batch, n, (place, index) => (taken[place] = given[index]!));
    });
  });
}

/**
 * Covariances [batch, n, n] with variances [batch, n] in place of their diagonals.
 * @throws RangeError for shapes that do not fit
 */
export function withDiagonal(tape: Tape, covariance: Tensor, variance: Tensor): Tensor {
  const { batch, n } = requireSquares('withDiagonal', covariance);
  if (variance.size !== batch * n) {
    throw new RangeError(`withDiagonal: expected variances ${formatShape([batch, n])}, got ${formatShape(variance.shape)}`);
  }
  const output = tape.empty(covariance.shape, 'float64', 'covariance');
  const { memory } = covariance.core;
  const to = memory.f64(output.pointer, output.size), variances = memory.f64(variance.source, variance.size);
  to.set(memory.f64(covariance.source, covariance.size));
  eachDiagonal(batch, n, (place, index) => (to[place] = variances[index]!));
  return tape.record([covariance, variance], output, (gradient) => {
    tape.accumulate(covariance, (pointer) => {
      const taken = memory.f64(pointer, covariance.size);
      taken.set(memory.f64(gradient.source, gradient.size));
      eachDiagonal(batch, n, (place) => (taken[place] = 0));
    });
    tape.accumulate(variance, (pointer) => {
      const given = memory.f64(gradient.source, gradient.size), taken = memory.f64(pointer, variance.size);
      eachDiagonal(batch, n, (place, index) => (taken[index] = given[place]!));
    });
  });
}
