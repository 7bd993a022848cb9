import { symmetricEigenvalues } from '../matrices/index.js';
import { formatShape, Stepper, type Tensor } from '../tensor/index.js';

/** How far a covariance may be from symmetric and from semidefinite, as a share of its largest entry or eigenvalue: what printed digits leave. */
export const COVARIANCE_TOLERANCE = 1e-10;

/** @throws RangeError saying by how much `matrix` [size, size], the largest of whose entries is given, is not symmetric */
function requireSymmetric(name: string, matrix: Float64Array, size: number, largest: number): void {
  let worst = 0, row = 0, column = 0;
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const difference = Math.abs(matrix[i * size + j]! - matrix[j * size + i]!);
      if (difference > worst) [worst, row, column] = [difference, i, j];
    }
  }
  if (worst > COVARIANCE_TOLERANCE * largest) {
    const [below, above] = [matrix[row * size + column], matrix[column * size + row]];
    throw new RangeError(`${name}: expected a symmetric matrix, got ${below} in row ${row}, column ${column} and ${above} in row ${column}, column ${row}: they differ by ${worst}`);
  }
}

/** @param eigenvalues ascending @throws RangeError saying how far below 0 the smallest is */
export function requireSemidefinite(name: string, eigenvalues: ArrayLike<number>): void {
  const smallest = eigenvalues[0] ?? 0, largest = eigenvalues[eigenvalues.length - 1] ?? 0;
  if (smallest < -COVARIANCE_TOLERANCE * Math.max(largest, -smallest)) {
    throw new RangeError(`${name}: expected a positive semidefinite matrix, got one whose smallest eigenvalue is ${smallest} (largest ${largest})`);
  }
}

/** Whether matrices are finite and symmetric; the kernels say nothing of where they are not. */
function areSymmetric({ core, source, size: values }: Tensor, size: number): boolean {
  const { matrix_largest_f64: largestOf, covariance_asymmetry_f64: asymmetryOf } = core.kernels;
  for (let start = 0; start < values; start += size * size) {
    const largest = largestOf(source + 8 * start, size * size);
    if (!(largest < Infinity) || asymmetryOf(source + 8 * start, size) > COVARIANCE_TOLERANCE * largest) return false;
  }
  return true;
}

/** @throws TypeError unless float64; RangeError unless [n, n] or [batch, n, n], finite and symmetric up to {@link COVARIANCE_TOLERANCE} */
export function requireSymmetricMatrices(name: string, matrices: Tensor): void {
  const { dtype, shape } = matrices;
  if (dtype !== 'float64') throw new TypeError(`${name}: expected float64, got ${dtype}`);
  const size = shape.at(-1) ?? 0;
  if ((shape.length !== 2 && shape.length !== 3) || shape.at(-2) !== size) {
    throw new RangeError(`${name}: expected shape [n, n] or [batch, n, n], got ${formatShape(shape)}`);
  }
  if (areSymmetric(matrices, size)) return;
  const values = matrices.toArray() as Float64Array;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new RangeError(`${name}: expected finite values, got ${values[wrong]} at position ${wrong}`);
  for (let start = 0; start < values.length; start += size * size) {
    const matrix = values.subarray(start, start + size * size);
    requireSymmetric(name, matrix, size, matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  }
}

/**
 * Refuses what is no covariance.
 * @param name what the error calls it: a flag, a file, an argument
 * @param covariance [n, n] or [batch, n, n], float64
 * @throws TypeError unless float64; RangeError for another shape, for values that are not finite, and for a matrix that is not
 *   symmetric or not positive semidefinite (beyond {@link COVARIANCE_TOLERANCE}), saying by how much
 */
export function requireCovariance(name: string, covariance: Tensor): void {
  requireSymmetricMatrices(name, covariance);
  const size = covariance.shape.at(-1)!;
  const stepper = new Stepper(covariance.core);
  try {
    stepper.step((tape) => {
      const values = symmetricEigenvalues(tape, covariance).toArray();
      for (let start = 0; start < values.length; start += size) requireSemidefinite(name, values.subarray(start, start + size));
    });
  } finally {
    stepper.dispose();
  }
}
