// The pointwise part of an LSTM's steps (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000). A row of gates
// holds four blocks of `hidden` values, in PyTorch's order: input, forget, cell, output. The products around it are gemm's. A row
// passes several times through loops that are there already: it stays in L1, and a page downloads no second sigmoid and tanh.
import { bias_activation_f32, bias_activation_f64 } from './activation';
import { lanes, multiplyAdd } from './profile';
import { loadPart, storePart } from './vector';

// As in activation.ts.
const TANH: i32 = 3;
const SIGMOID: i32 = 4;

/** output[count] = f(input[count] + bias[count]); bias 0: none. */
// @ts-ignore: decorator
@inline
function activateRun<T>(activation: i32, input: usize, bias: usize, count: i32, output: usize): void {
  if (sizeof<T>() == 4) bias_activation_f32(input, bias, 1, count, 1, activation, output);
  else bias_activation_f64(input, bias, 1, count, 1, activation, output);
}

/** A vector, or the `left` values before a row's end. */
// @ts-ignore: decorator
@inline
function take<T>(pointer: usize, left: i32): v128 {
  return left >= lanes<T>() ? v128.load(pointer) : loadPart<T>(pointer, left, <T>0);
}

// @ts-ignore: decorator
@inline
function put<T>(pointer: usize, value: v128, left: i32): void {
  if (left >= lanes<T>()) v128.store(pointer, value);
  else storePart<T>(pointer, value, left);
}

/** y (1 - y), the slope of a sigmoid with value y. */
// @ts-ignore: decorator
@inline
function sigmoidSlope<T>(y: v128): v128 {
  return v128.mul<T>(y, v128.sub<T>(v128.splat<T>(<T>1), y));
}

/** 1 - y^2, the slope of a tanh with value y. */
// @ts-ignore: decorator
@inline
function tanhSlope<T>(y: v128): v128 {
  return v128.sub<T>(v128.splat<T>(<T>1), v128.mul<T>(y, y));
}

function cell<T>(gates: usize, bias: usize, previous: usize, rows: i32, hidden: i32, cells: usize, output: usize): void {
  const block = <usize>hidden * sizeof<T>();
  for (let row = 0; row < rows; row++) {
    activateRun<T>(SIGMOID, gates, bias, 2 * hidden, gates);
    activateRun<T>(TANH, gates + 2 * block, bias + 2 * block, hidden, gates + 2 * block);
    activateRun<T>(SIGMOID, gates + 3 * block, bias + 3 * block, hidden, gates + 3 * block);
    for (let at: usize = 0, left = hidden; left > 0; left -= lanes<T>()) {
      const gate = gates + at;
      let c = v128.mul<T>(take<T>(gate, left), take<T>(gate + 2 * block, left));
      if (previous) c = multiplyAdd<T>(take<T>(gate + block, left), take<T>(previous + at, left), c);
      put<T>(cells + at, c, left);
      at += 16;
    }
    activateRun<T>(TANH, cells, 0, hidden, output);
    for (let at: usize = 0, left = hidden; left > 0; left -= lanes<T>()) {
      put<T>(output + at, v128.mul<T>(take<T>(gates + 3 * block + at, left), take<T>(output + at, left)), left);
      at += 16;
    }
    gates += 4 * block;
    cells += block;
    output += block;
    if (previous) previous += block;
  }
}

function cellGradient<T>(gates: usize, previous: usize, cells: usize, rows: i32, hidden: i32, outputGradient: usize, hiddenGradient: usize, carried: usize): void {
  const block = <usize>hidden * sizeof<T>();
  activateRun<T>(TANH, cells, 0, rows * hidden, cells);
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0, left = hidden; left > 0; left -= lanes<T>()) {
      const gate = gates + at;
      const i = take<T>(gate, left), f = take<T>(gate + block, left), g = take<T>(gate + 2 * block, left), o = take<T>(gate + 3 * block, left);
      let h = take<T>(hiddenGradient + at, left);
      if (outputGradient) h = v128.add<T>(h, take<T>(outputGradient + at, left));
      const bent = take<T>(cells + at, left);
      const c = multiplyAdd<T>(v128.mul<T>(h, o), tanhSlope<T>(bent), take<T>(carried + at, left));
      put<T>(gate, v128.mul<T>(v128.mul<T>(c, g), sigmoidSlope<T>(i)), left);
      const forgotten = previous ? v128.mul<T>(v128.mul<T>(c, take<T>(previous + at, left)), sigmoidSlope<T>(f)) : v128.splat<T>(<T>0);
      put<T>(gate + block, forgotten, left);
      put<T>(gate + 2 * block, v128.mul<T>(v128.mul<T>(c, i), tanhSlope<T>(g)), left);
      put<T>(gate + 3 * block, v128.mul<T>(v128.mul<T>(h, bent), sigmoidSlope<T>(o)), left);
      put<T>(carried + at, v128.mul<T>(c, f), left);
      at += 16;
    }
    gates += 4 * block;
    cells += block;
    hiddenGradient += block;
    carried += block;
    if (previous) previous += block;
    if (outputGradient) outputGradient += block;
  }
}

/**
 * One step: gates [rows, 4 hidden] hold the products' sums and become i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of them plus
 * bias [4 hidden]; cells = f previous + i g and output = o tanh(cells), both [rows, hidden]. previous 0: cells of zero.
 */
export function recurrent_lstm_cell_f32(gates: usize, bias: usize, previous: usize, rows: i32, hidden: i32, cells: usize, output: usize): void {
  cell<f32>(gates, bias, previous, rows, hidden, cells, output);
}
export function recurrent_lstm_cell_f64(gates: usize, bias: usize, previous: usize, rows: i32, hidden: i32, cells: usize, output: usize): void {
  cell<f64>(gates, bias, previous, rows, hidden, cells, output);
}

/**
 * That step's gradient: gates hold i, f, g, o and become the gradient of what they were computed from; `carried` holds the
 * gradient of cells that later steps give and becomes that of previous. The output's gradient is hiddenGradient (from later
 * steps) + outputGradient (0: none). cells become their tanh: the step after, which needed them, came before in this pass. All but gates
 * are [rows, hidden]; previous 0: cells of zero.
 */
export function recurrent_lstm_cell_gradient_f32(
  gates: usize, previous: usize, cells: usize, rows: i32, hidden: i32, outputGradient: usize, hiddenGradient: usize, carried: usize,
): void {
  cellGradient<f32>(gates, previous, cells, rows, hidden, outputGradient, hiddenGradient, carried);
}
export function recurrent_lstm_cell_gradient_f64(
  gates: usize, previous: usize, cells: usize, rows: i32, hidden: i32, outputGradient: usize, hiddenGradient: usize, carried: usize,
): void {
  cellGradient<f64>(gates, previous, cells, rows, hidden, outputGradient, hiddenGradient, carried);
}
