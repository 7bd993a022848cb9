// Kullback-Leibler divergence between softened softmaxes (distillation). Everything is float64 and
// rounded once; a row's sums run over pairs in ascending order, even columns in one lane, odd in the other.
import { expDouble } from './math/exp';
import { logScalar } from './math/log';
import { loadPairOr, storePair, SUM_ROWS, sumPair } from './vector';

/** Largest value of a row. A NaN is passed over here, and reaches the result through the sum of exponentials. */
// @ts-ignore: decorator
@inline
function rowMaximum<T>(row: usize, columns: i32): f64 {
  let largest = f64x2.splat(-Infinity);
  for (let i = 0; i < columns; i += 2) {
    largest = f64x2.pmax(largest, loadPairOr<T>(row + <usize>i * sizeof<T>(), columns - i, -Infinity));
  }
  return max<f64>(f64x2.extract_lane(largest, 0), f64x2.extract_lane(largest, 1));
}

/** log of the sum of exp((x - largest) / temperature) over a row. */
// @ts-ignore: decorator
@inline
function logSumOfExponentials<T>(row: usize, columns: i32, largest: f64, temperature: f64): f64 {
  let sum = f64x2.splat(0);
  for (let i = 0; i < columns; i += 2) {
    const x = loadPairOr<T>(row + <usize>i * sizeof<T>(), columns - i, -Infinity);
    sum = f64x2.add(sum, expDouble(logProbabilities(x, largest, temperature, 0)));
  }
  return logScalar(sumPair(sum));
}

/** (x - largest) / temperature - logSum of two values: log-softmax in float64. */
// @ts-ignore: decorator
@inline
function logProbabilities(x: v128, largest: f64, temperature: f64, logSum: f64): v128 {
  const centred = f64x2.div(f64x2.sub(x, f64x2.splat(largest)), f64x2.splat(temperature));
  return f64x2.sub(centred, f64x2.splat(logSum));
}

/**
 * Sum over rows of KL(softmax(teacher / T) || softmax(student / T)); with `scale`, also
 * scale times its gradients to the addresses that are not 0.
 */
function klDivergenceOfRows<T>(
  student: usize, teacher: usize, rows: i32, columns: i32, temperature: f64, scale: f64,
  studentGradient: usize, teacherGradient: usize,
): f64 {
  const factor = f64x2.splat(scale / temperature);
  let total: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const start = <usize>row * <usize>columns * sizeof<T>();
    const s = student + start, t = teacher + start;
    const studentLargest = rowMaximum<T>(s, columns), teacherLargest = rowMaximum<T>(t, columns);
    const studentLog = logSumOfExponentials<T>(s, columns, studentLargest, temperature);
    const teacherLog = logSumOfExponentials<T>(t, columns, teacherLargest, temperature);
    let sum = f64x2.splat(0);
    for (let i = 0; i < columns; i += 2) {
      const at = <usize>i * sizeof<T>();
      const logTeacher = logProbabilities(loadPairOr<T>(t + at, columns - i, -Infinity), teacherLargest, temperature, teacherLog);
      const logStudent = logProbabilities(loadPairOr<T>(s + at, columns - i, -Infinity), studentLargest, temperature, studentLog);
      const p = expDouble(logTeacher);
      // 0 log 0 counts as 0, whatever the student says.
      const term = v128.andnot(f64x2.mul(p, f64x2.sub(logTeacher, logStudent)), f64x2.eq(p, f64x2.splat(0)));
      sum = f64x2.add(sum, term);
      if (studentGradient) {
        storePair<T>(studentGradient + start + at, f64x2.mul(f64x2.sub(expDouble(logStudent), p), factor), columns - i);
      }
    }
    const rowLoss = sumPair(sum);
    total += rowLoss;
    if (!teacherGradient) continue;
    for (let i = 0; i < columns; i += 2) {
      const at = <usize>i * sizeof<T>();
      const logTeacher = logProbabilities(loadPairOr<T>(t + at, columns - i, -Infinity), teacherLargest, temperature, teacherLog);
      const logStudent = logProbabilities(loadPairOr<T>(s + at, columns - i, -Infinity), studentLargest, temperature, studentLog);
      const excess = f64x2.sub(f64x2.sub(logTeacher, logStudent), f64x2.splat(rowLoss));
      const p = expDouble(logTeacher);
      const value = v128.andnot(f64x2.mul(f64x2.mul(p, excess), factor), f64x2.eq(p, f64x2.splat(0)));
      storePair<T>(teacherGradient + start + at, value, columns - i);
    }
  }
  return total;
}

/** The sums of chunks of SUM_ROWS rows, added in order. */
// @ts-ignore: decorator
@inline
function klDivergence<T>(
  student: usize, teacher: usize, rows: i32, columns: i32, temperature: f64, scale: f64,
  studentGradient: usize, teacherGradient: usize,
): f64 {
  let total: f64 = 0;
  for (let row = 0; row < rows; row += SUM_ROWS) {
    const start = <usize>row * <usize>columns * sizeof<T>();
    total += klDivergenceOfRows<T>(student + start, teacher + start, min(SUM_ROWS, rows - row), columns, temperature, scale,
      studentGradient ? studentGradient + start : 0, teacherGradient ? teacherGradient + start : 0);
  }
  return total;
}

/**
 * Sum over rows of KL(softmax(teacher / temperature) || softmax(student / temperature)), both [rows, columns];
 * writes scale times its gradients to the addresses that are not 0.
 */
export function divergence_kl_f32(
  student: usize, teacher: usize, rows: i32, columns: i32, temperature: f64, scale: f64, studentGradient: usize, teacherGradient: usize,
): f64 {
  return klDivergence<f32>(student, teacher, rows, columns, temperature, scale, studentGradient, teacherGradient);
}
export function divergence_kl_f64(
  student: usize, teacher: usize, rows: i32, columns: i32, temperature: f64, scale: f64, studentGradient: usize, teacherGradient: usize,
): f64 {
  return klDivergence<f64>(student, teacher, rows, columns, temperature, scale, studentGradient, teacherGradient);
}
