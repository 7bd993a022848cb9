// Factorizations of float64 matrices and of batches of them; all results live until the step ends.
export { cholesky } from './cholesky.js';
export { qr } from './qr.js';
export { svd, type SingularValues } from './singular-values.js';
export { symmetricEigen, symmetricEigenvalues, type SymmetricEigen } from './symmetric-eigen.js';
