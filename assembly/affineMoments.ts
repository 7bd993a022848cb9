// Means and variances of an affine layer, W [m, n] row-major: mean' = W mean + b, variance' = (W o W) variance, for
// `batch` rows, both in one walk over the weights. The squares are never stored.
//
// Order of every sum: pairs of columns ascending, even columns in one lane and odd ones in the other, then lane 0 + lane 1,
// then the bias; so a row's bits depend neither on the batch nor on the tile that computed it.
import { multiplyAdd } from './profile';
import { loadPairOr, sumPair } from './vector';

/** sums (mean, variance) of four rows of W for one sample. */
function fourRows(weight: usize, bias: usize, columns: i32, mean: usize, variance: usize, outMean: usize, outVariance: usize): void {
  const apart = <usize>columns << 3;
  const row1 = apart, row2 = apart << 1, row3 = row1 + row2;
  const zero = f64x2.splat(0);
  let m0 = zero, m1 = zero, m2 = zero, m3 = zero, v0 = zero, v1 = zero, v2 = zero, v3 = zero;
  // The last odd column comes after the loop, whose loads then need no test.
  for (let left = columns; left > 1; left -= 2) {
    const x = v128.load(mean), v = v128.load(variance);
    let w = v128.load(weight);
    m0 = multiplyAdd<f64>(w, x, m0);
    v0 = multiplyAdd<f64>(f64x2.mul(w, w), v, v0);
    w = v128.load(weight + row1);
    m1 = multiplyAdd<f64>(w, x, m1);
    v1 = multiplyAdd<f64>(f64x2.mul(w, w), v, v1);
    w = v128.load(weight + row2);
    m2 = multiplyAdd<f64>(w, x, m2);
    v2 = multiplyAdd<f64>(f64x2.mul(w, w), v, v2);
    w = v128.load(weight + row3);
    m3 = multiplyAdd<f64>(w, x, m3);
    v3 = multiplyAdd<f64>(f64x2.mul(w, w), v, v3);
    weight += 16;
    mean += 16;
    variance += 16;
  }
  if (columns & 1) {
    const x = v128.load64_zero(mean), v = v128.load64_zero(variance);
    let w = v128.load64_zero(weight);
    m0 = multiplyAdd<f64>(w, x, m0);
    v0 = multiplyAdd<f64>(f64x2.mul(w, w), v, v0);
    w = v128.load64_zero(weight + row1);
    m1 = multiplyAdd<f64>(w, x, m1);
    v1 = multiplyAdd<f64>(f64x2.mul(w, w), v, v1);
    w = v128.load64_zero(weight + row2);
    m2 = multiplyAdd<f64>(w, x, m2);
    v2 = multiplyAdd<f64>(f64x2.mul(w, w), v, v2);
    w = v128.load64_zero(weight + row3);
    m3 = multiplyAdd<f64>(w, x, m3);
    v3 = multiplyAdd<f64>(f64x2.mul(w, w), v, v3);
  }
  storeMean(outMean, m0, bias, 0);
  storeMean(outMean, m1, bias, 8);
  storeMean(outMean, m2, bias, 16);
  storeMean(outMean, m3, bias, 24);
  store<f64>(outVariance, sumPair(v0));
  store<f64>(outVariance, sumPair(v1), 8);
  store<f64>(outVariance, sumPair(v2), 16);
  store<f64>(outVariance, sumPair(v3), 24);
}

/** One value of a mean, with its bias where there is one. */
// @ts-ignore: decorator
@inline
function storeMean(output: usize, sum: v128, bias: usize, at: usize): void {
  const value = sumPair(sum);
  store<f64>(output + at, bias != 0 ? value + load<f64>(bias + at) : value);
}

/** The same for one row of W. */
function oneRow(weight: usize, bias: usize, columns: i32, mean: usize, variance: usize, outMean: usize, outVariance: usize): void {
  let m = f64x2.splat(0), s = m;
  for (let left = columns; left > 0; left -= 2) {
    const w = loadPairOr<f64>(weight, left, 0);
    m = multiplyAdd<f64>(w, loadPairOr<f64>(mean, left, 0), m);
    s = multiplyAdd<f64>(f64x2.mul(w, w), loadPairOr<f64>(variance, left, 0), s);
    weight += 16;
    mean += 16;
    variance += 16;
  }
  storeMean(outMean, m, bias, 0);
  store<f64>(outVariance, sumPair(s));
}

/** Four rows of W for one sample, the mean alone. */
function fourRowsForward(weight: usize, bias: usize, columns: i32, x: usize, output: usize): void {
  const apart = <usize>columns << 3;
  const row1 = apart, row2 = apart << 1, row3 = row1 + row2;
  const zero = f64x2.splat(0);
  let m0 = zero, m1 = zero, m2 = zero, m3 = zero;
  for (let left = columns; left > 1; left -= 2) {
    const value = v128.load(x);
    m0 = multiplyAdd<f64>(v128.load(weight), value, m0);
    m1 = multiplyAdd<f64>(v128.load(weight + row1), value, m1);
    m2 = multiplyAdd<f64>(v128.load(weight + row2), value, m2);
    m3 = multiplyAdd<f64>(v128.load(weight + row3), value, m3);
    weight += 16;
    x += 16;
  }
  if (columns & 1) {
    const value = v128.load64_zero(x);
    m0 = multiplyAdd<f64>(v128.load64_zero(weight), value, m0);
    m1 = multiplyAdd<f64>(v128.load64_zero(weight + row1), value, m1);
    m2 = multiplyAdd<f64>(v128.load64_zero(weight + row2), value, m2);
    m3 = multiplyAdd<f64>(v128.load64_zero(weight + row3), value, m3);
  }
  storeMean(output, m0, bias, 0);
  storeMean(output, m1, bias, 8);
  storeMean(output, m2, bias, 16);
  storeMean(output, m3, bias, 24);
}

function oneRowForward(weight: usize, bias: usize, columns: i32, x: usize, output: usize): void {
  let m = f64x2.splat(0);
  for (let left = columns; left > 0; left -= 2) {
    m = multiplyAdd<f64>(loadPairOr<f64>(weight, left, 0), loadPairOr<f64>(x, left, 0), m);
    weight += 16;
    x += 16;
  }
  storeMean(output, m, bias, 0);
}

/**
 * outMean [batch, rows] = mean [batch, columns] W^T + bias [rows] (none at address 0), outVariance [batch, rows] =
 * variance [batch, columns] (W o W)^T. For few samples.
 */
export function affine_marginals_f64(
  weight: usize, bias: usize, rows: i32, columns: i32, mean: usize, variance: usize, batch: i32, outMean: usize, outVariance: usize,
): void {
  const inBytes = <usize>columns << 3, outBytes = <usize>rows << 3;
  for (let row = 0; row < rows; row += 4) {
    const block = weight + <usize>row * inBytes;
    for (let sample = 0; sample < batch; sample++) {
      const x = mean + <usize>sample * inBytes, v = variance + <usize>sample * inBytes;
      const to = <usize>sample * outBytes + (<usize>row << 3);
      const addend = bias != 0 ? bias + (<usize>row << 3) : 0;
      if (rows - row >= 4) {
        fourRows(block, addend, columns, x, v, outMean + to, outVariance + to);
        continue;
      }
      for (let r = 0; r < rows - row; r++) {
        const at = <usize>r << 3;
        oneRow(block + <usize>r * inBytes, addend != 0 ? addend + at : 0, columns, x, v, outMean + to + at, outVariance + to + at);
      }
    }
  }
}

/** output [batch, rows] = x [batch, columns] W^T + bias: the means of {@link affine_marginals_f64} alone, with the same bits. For few samples. */
export function affine_forward_f64(weight: usize, bias: usize, rows: i32, columns: i32, x: usize, batch: i32, output: usize): void {
  const inBytes = <usize>columns << 3, outBytes = <usize>rows << 3;
  for (let row = 0; row < rows; row += 4) {
    const block = weight + <usize>row * inBytes;
    for (let sample = 0; sample < batch; sample++) {
      const from = x + <usize>sample * inBytes;
      const to = output + <usize>sample * outBytes + (<usize>row << 3);
      const addend = bias != 0 ? bias + (<usize>row << 3) : 0;
      if (rows - row >= 4) {
        fourRowsForward(block, addend, columns, from, to);
        continue;
      }
      for (let r = 0; r < rows - row; r++) {
        const at = <usize>r << 3;
        oneRowForward(block + <usize>r * inBytes, addend != 0 ? addend + at : 0, columns, from, to + at);
      }
    }
  }
}
