// Factorizations of float64 matrices and of batches of them; all results live until the step ends. They need a core with all kernels.
export { cholesky, factorCholesky } from './cholesky.js';
export { multiplyInto, rowsAt, symmetricProductInto, transposed, type Part } from './products.js';
export { qr } from './qr.js';
export { svd, type SingularValues } from './singular-values.js';
export { symmetricEigen, symmetricEigenvalues, type SymmetricEigen } from './symmetric-eigen.js';
