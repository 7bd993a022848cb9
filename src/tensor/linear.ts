import type { Pointer } from '../core/index.js';
import { activate, activationGradient, type Activation } from './activation.js';
import { giveLayerGradients, layerMade, wantedOf, type LayerTensors } from './device-layer.js';
import { operand, product } from './product.js';
import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireOptions, requireSameDType, type Tensor } from './tensor.js';

function requireMatrix(op: string, name: string, tensor: Tensor): void {
  if (tensor.shape.length !== 2) throw new RangeError(`${op}: expected ${name} of two axes, got shape ${formatShape(tensor.shape)}`);
}

/**
 * Matrix product with either operand transposed: `a' [m, k] * b' [k, n] -> [m, n]`, one dtype.
 * @throws RangeError when the inner extents differ or an operand is not a matrix; TypeError for mixed dtypes
 */
export function matmul(tape: Tape, a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  requireMatrix('matmul', 'a', a);
  requireMatrix('matmul', 'b', b);
  requireSameDType('matmul', a, b);
  const [m, k] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [inner, n] = transposeB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (k !== inner) {
    throw new RangeError(`matmul: expected equal inner extents, got ${formatShape([m, k])} times ${formatShape([inner, n])}`);
  }
  const multiply = () => {
    const device = tape.place('matmul', m * n * k, [a, b], m * n);
    if (device !== undefined) return tape.made(device, device.matmul(a.on(device), b.on(device), transposeA, transposeB), [m, n]);
    const out = tape.empty([m, n], a.dtype, 'matmul');
    product(a, m, n, k, operand(a, transposeA), operand(b, transposeB), out.pointer);
    return out;
  };
  return tape.record([a, b], multiply(), (gradient) => matmulGradient(tape, gradient, a, b, transposeA, transposeB));
}

/** a'[m, k] = G b'^T and b'[k, n] = a'^T G; a transposed operand's gradient is the transposed product. */
function matmulGradient(tape: Tape, gradient: Tensor, a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): void {
  const [m, n] = gradient.shape as [number, number];
  const k = a.size / m;
  const wanted = [a, b].filter(({ requiresGrad }) => requiresGrad);
  const device = tape.place('matmul gradient', m * n * k * wanted.length, [gradient, a, b], wanted.reduce((total, { size }) => total + size, 0));
  if (device !== undefined) {
    const [g, left, right] = [gradient.on(device), a.on(device), b.on(device)];
    const forA = () => (transposeA ? device.matmul(right, g, transposeB, true) : device.matmul(g, right, false, !transposeB));
    const forB = () => (transposeB ? device.matmul(g, left, true, transposeA) : device.matmul(left, g, !transposeA, false));
    if (a.requiresGrad) tape.give(a, tape.made(device, forA(), a.shape));
    if (b.requiresGrad) tape.give(b, tape.made(device, forB(), b.shape));
    return;
  }
  tape.accumulate(a, (pointer) =>
    transposeA
      ? product(a, k, m, n, operand(b, transposeB), operand(gradient, true), pointer)
      : product(a, m, k, n, operand(gradient, false), operand(b, !transposeB), pointer),
  );
  tape.accumulate(b, (pointer) =>
    transposeB
      ? product(b, n, k, m, operand(gradient, true), operand(a, transposeA), pointer)
      : product(b, k, n, m, operand(a, !transposeA), operand(gradient, false), pointer),
  );
}

export interface LinearOptions {
  /** Default `none`. */
  activation?: Activation;
  /**
   * The input is `x + inputOffset`, x being what is stored. Data that is mostly one constant (the
   * background of an image) is mostly zeros when stored less that constant, and zeros cost nothing.
   * Default 0.
   */
  inputOffset?: number;
}

/** The layer's bias with the share of a constant input added to it. */
function biasWithOffset(tape: Tape, weight: Tensor, bias: Tensor | null, offset: number): Tensor | null {
  if (offset === 0) return bias;
  const [outputs, inputs] = weight.shape as [number, number];
  const effective = tape.empty([outputs], weight.dtype, 'bias with offset');
  kernelOf(weight, 'offset_bias')(weight.source, bias?.source ?? 0, outputs, inputs, offset, effective.pointer);
  return effective;
}

/**
 * Fully connected layer with its activation: `activation(x [batch, in] * weight [out, in]^T + bias [out]) -> [batch, out]`.
 * @throws RangeError for shapes that do not fit; TypeError for mixed dtypes
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor | null, options: LinearOptions = {}): Tensor {
  requireOptions('linear', options);
  const { activation = 'none', inputOffset = 0 } = options;
  requireMatrix('linear', 'input', x);
  requireMatrix('linear', 'weight', weight);
  requireSameDType('linear', x, weight, bias);
  const [, inputs] = x.shape as [number, number];
  const outputs = weight.shape[0]!;
  if (weight.shape[1] !== inputs || (bias !== null && bias.size !== outputs)) {
    throw new RangeError(
      `linear: expected weight [out, ${inputs}] and bias [out], got ${formatShape(weight.shape)} and ${bias === null ? 'no bias' : formatShape(bias.shape)}`,
    );
  }
  const settings = { activation, inputOffset };
  const layer = { x, weight, bias };
  const { output, saved } = linearForward(tape, layer, settings);
  return tape.record([x, weight, bias], output, (gradient) => linearGradient(tape, gradient, saved, layer, settings));
}

function linearForward(tape: Tape, { x, weight, bias }: LayerTensors, { activation, inputOffset }: Required<LinearOptions>) {
  const [batch, inputs] = x.shape as [number, number];
  const outputs = weight.shape[0]!;
  // An input with an offset is mostly zeros, which cost the core nothing.
  const device = tape.place(inputOffset === 0 ? 'linear' : 'sparse linear', batch * inputs * outputs, [x, weight, bias], batch * outputs);
  if (device !== undefined) {
    const handles = device.linear(x.on(device), weight.on(device), bias?.on(device) ?? null, { activation, inputOffset });
    return layerMade(tape, device, handles, [batch, outputs]);
  }
  const preactivation = tape.empty([batch, outputs], x.dtype, 'linear');
  product(x, batch, outputs, inputs, operand(x, false), operand(weight, true), preactivation.pointer);
  const effectiveBias = biasWithOffset(tape, weight, bias, inputOffset);
  return activate(tape, preactivation, effectiveBias, activation, { rows: batch, channels: outputs, inner: 1 }, [x, weight, bias]);
}

function linearGradient(tape: Tape, gradient: Tensor, saved: Tensor, layer: LayerTensors, { activation, inputOffset }: Required<LinearOptions>): void {
  const { x, weight, bias } = layer;
  const [batch, inputs] = x.shape as [number, number];
  const outputs = weight.shape[0]!;
  const { wanted, results } = wantedOf(layer);
  const products = Number(wanted.x) + Number(wanted.weight);
  const op = inputOffset === 0 ? 'linear gradient' : 'sparse linear gradient';
  const device = tape.place(op, products * batch * inputs * outputs, [gradient, saved, x, weight], results);
  if (device !== undefined) {
    const operands = [gradient.on(device), saved.on(device), x.on(device), weight.on(device)] as const;
    giveLayerGradients(tape, device, device.linearGradient(...operands, { activation, inputOffset }, wanted), layer);
    return;
  }
  const delta = activationGradient(tape, activation, gradient, saved);
  if (bias !== null) tape.accumulate(bias, (pointer) => kernelOf(x, 'bias_gradient')(delta.source, batch, outputs, 1, pointer));
  tape.accumulate(weight, (pointer) => writeWeightGradient(tape, delta, x, inputOffset, pointer));
  tape.accumulate(x, (pointer) => product(x, batch, inputs, outputs, operand(delta, false), operand(weight, false), pointer));
}

/** delta [batch, out]^T (x [batch, in] + offset) -> [out, in] at an address. */
function writeWeightGradient(tape: Tape, delta: Tensor, x: Tensor, inputOffset: number, pointer: Pointer): void {
  const [batch, outputs] = delta.shape as [number, number];
  const inputs = x.shape[1]!;
  product(x, outputs, inputs, batch, operand(delta, true), operand(x, false), pointer);
  if (inputOffset === 0) return;
  const sums = tape.empty([outputs], x.dtype, 'column sums').pointer;
  kernelOf(x, 'bias_gradient')(delta.source, batch, outputs, 1, sums);
  kernelOf(x, 'offset_weight_gradient')(sums, outputs, inputs, inputOffset, pointer);
}

/**
 * What a linear layer's weight and bias get from delta [batch, out], the gradient of its preactivations, without a recorded pass:
 * weight [out, in] = delta^T (x + inputOffset), bias [out] = the sum of delta's rows.
 */
export function linearParameterGradients(tape: Tape, delta: Tensor, x: Tensor, inputOffset: number, into: { weight: Tensor; bias: Tensor }): void {
  writeWeightGradient(tape, delta, x, inputOffset, into.weight.pointer);
  kernelOf(x, 'bias_gradient')(delta.source, delta.shape[0]!, delta.shape[1]!, 1, into.bias.pointer);
}
