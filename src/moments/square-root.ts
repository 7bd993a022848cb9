import type { Core, Pointer } from '../core/index.js';
import { multiplyInto, rowsAt, symmetricProductInto, transposed } from '../matrices/index.js';
import { symmetricEigen } from '../matrices/index.js';
import { type Tape, type Tensor } from '../tensor/index.js';
import { requireSemidefinite, requireSymmetricMatrices } from './covariance-check.js';

/** to = vectors diag(values) vectors^T; `work` [size, size]. */
function compose(core: Core, vectors: Pointer, values: Float64Array, work: Pointer, to: Pointer): void {
  const size = values.length;
  core.memory.f64(to, size).set(values);
  core.kernels.covariance_scale_columns_f64(vectors, to, 1, size, size, work);
  symmetricProductInto(core, size, size, rowsAt(work, size), transposed(rowsAt(vectors, size)), to);
}

/** The X of S X + X S = gradient for S = vectors diag(roots) vectors^T, written to `to`; where two roots are 0, their part of X is 0. */
function solveSylvester(core: Core, vectors: Pointer, roots: Float64Array, gradient: Pointer, works: readonly [Pointer, Pointer], to: Pointer): void {
  const size = roots.length;
  const multiply = (a: Pointer, turnA: boolean, b: Pointer, turnB: boolean, c: Pointer) => {
    const [left, right] = [rowsAt(a, size), rowsAt(b, size)];
    multiplyInto(core, size, size, size, turnA ? transposed(left) : left, turnB ? transposed(right) : right, c, size, false);
  };
  multiply(vectors, true, gradient, false, works[0]);
  multiply(works[0], false, vectors, false, works[1]);
  const inner = core.memory.f64(works[1], size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const sum = roots[i]! + roots[j]!;
      inner[i * size + j] = sum === 0 ? 0 : inner[i * size + j]! / sum;
    }
  }
  multiply(vectors, false, works[1], false, works[0]);
  multiply(works[0], false, vectors, true, to);
}

/**
 * The symmetric square root S of positive semidefinite matrices, S S = matrix (`gnm.utils.sqrtm`, whose U diag(sqrt s) V^T of the
 * singular value decomposition is the same). Eigenvalues below 0 within rounding count as 0.
 *
 * Differentiable: the gradient X solves S X + X S = G. Where eigenvalues are 0 the root has no derivative; the part between two of
 * them is taken as 0, where the library gives NaN.
 * @param matrix [n, n] or [batch, n, n], float64
 * @throws TypeError unless float64; RangeError for a matrix that is not square, finite, symmetric and positive semidefinite
 */
export function sqrtm(tape: Tape, matrix: Tensor): Tensor {
  requireSymmetricMatrices('sqrtm', matrix);
  const { core } = tape;
  const size = matrix.shape.at(-1)!, square = 8 * size * size, count = size === 0 ? 0 : matrix.size / (size * size);
  const { values, vectors } = symmetricEigen(tape, matrix);
  const output = tape.empty(matrix.shape, 'float64', 'sqrtm');
  const works = [tape.allocate(square, 'sqrtm'), tape.allocate(square, 'sqrtm')] as const;
  const found = values.toArray() as Float64Array;
  const roots = Array.from({ length: count }, (_, index) => {
    const eigenvalues = found.slice(index * size, (index + 1) * size);
    requireSemidefinite('sqrtm', eigenvalues);
    return eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  });
  roots.forEach((root, index) => compose(core, vectors.pointer + index * square, root, works[0], output.pointer + index * square));
  return tape.record([matrix], output, (gradient) => {
    tape.accumulate(matrix, (pointer) => {
      roots.forEach((root, index) => {
        const at = index * square;
        solveSylvester(core, vectors.pointer + at, root, gradient.source + at, works, pointer + at);
      });
    });
  });
}
