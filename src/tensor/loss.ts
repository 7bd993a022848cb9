import type { Pointer } from '../core/index.js';
import type { Tape } from './tape.js';
import { formatShape, kernelOf, requireSameDType, requireSameShape, type Tensor } from './tensor.js';

/** Rows and columns of a tensor whose last axis is reduced. */
function rowsOf(op: string, x: Tensor): { rows: number; columns: number } {
  const columns = x.shape.at(-1) ?? 0;
  if (columns === 0) throw new RangeError(`${op}: expected a last axis of at least one value, got shape ${formatShape(x.shape)}`);
  return { rows: x.size / columns, columns };
}

export function requireMatrix(op: string, name: string, x: Tensor): void {
  if (x.shape.length !== 2 || x.size === 0) {
    throw new RangeError(`${op}: expected ${name} [batch, classes] with at least one of each, got shape ${formatShape(x.shape)}`);
  }
}

/**
 * Mean squared difference: equal shapes -> []. Gradients go to both. PyTorch's `F.mse_loss`.
 * @throws RangeError when shapes differ or hold no value; TypeError when dtypes differ
 */
export function mse(tape: Tape, a: Tensor, b: Tensor): Tensor {
  requireSameDType('mse', a, b);
  requireSameShape('mse', a, b);
  if (a.size === 0) throw new RangeError(`mse: expected at least one value, got shape ${formatShape(a.shape)}`);
  const device = tape.place('loss', a.size, [a, b], 1);
  if (device !== undefined) {
    return tape.record([a, b], tape.made(device, device.mse(a.on(device), b.on(device)), []), (gradient) => {
      const upstream = gradient.on(device);
      if (a.requiresGrad) tape.give(a, tape.made(device, device.mseGradient(upstream, a.on(device), b.on(device)), a.shape));
      if (b.requiresGrad) tape.give(b, tape.made(device, device.mseGradient(upstream, b.on(device), a.on(device)), b.shape));
    });
  }
  const total = kernelOf(a, 'loss_mse')(a.source, b.source, a.size);
  return tape.record([a, b], tape.from([total / a.size], [], a.dtype, 'mse'), (gradient) => {
    const factor = (2 * gradient.item()) / a.size;
    const write = kernelOf(a, 'loss_mse_gradient');
    tape.accumulate(a, (pointer) => write(a.source, b.source, a.size, factor, pointer));
    tape.accumulate(b, (pointer) => write(a.source, b.source, a.size, -factor, pointer));
  });
}

function rowwise(tape: Tape, x: Tensor, op: string, family: 'loss_softmax' | 'loss_log_softmax'): Tensor {
  const { rows, columns } = rowsOf(op, x);
  const output = tape.empty(x.shape, x.dtype, op);
  kernelOf(x, family)(x.source, rows, columns, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => kernelOf(x, `${family}_gradient`)(gradient.source, output.source, rows, columns, pointer));
  });
}

/** Softmax over the last axis, any shape of at least one axis. @throws RangeError for a scalar or an empty last axis */
export function softmax(tape: Tape, x: Tensor): Tensor {
  return rowwise(tape, x, 'softmax', 'loss_softmax');
}

/** Logarithm of softmax over the last axis. @throws RangeError for a scalar or an empty last axis */
export function logSoftmax(tape: Tape, x: Tensor): Tensor {
  return rowwise(tape, x, 'logSoftmax', 'loss_log_softmax');
}

/**
 * KL(softmax(teacher / T) || softmax(student / T)), summed over everything and divided by the batch:
 * both [batch, classes] -> []. Gradients go to both; there is no T^2 factor. PyTorch's
 * `F.kl_div(log_softmax(student / T), softmax(teacher / T), reduction='batchmean')`; Hinton et al. 2015.
 *
 * @throws RangeError when shapes differ or are no matrix, or T is not positive and finite; TypeError when dtypes differ
 */
export function klDivergence(tape: Tape, studentLogits: Tensor, teacherLogits: Tensor, temperature = 1): Tensor {
  const op = 'klDivergence';
  requireMatrix(op, 'student logits', studentLogits);
  requireSameDType(op, studentLogits, teacherLogits);
  requireSameShape(op, studentLogits, teacherLogits);
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`${op}: expected a positive, finite temperature, got ${temperature}`);
  }
  const [batch, classes] = studentLogits.shape as [number, number];
  const run = (scale: number, studentGradient: Pointer, teacherGradient: Pointer) =>
    kernelOf(studentLogits, 'divergence_kl')(
      studentLogits.source, teacherLogits.source, batch, classes, temperature, scale, studentGradient, teacherGradient,
    );
  const output = tape.from([run(0, 0, 0) / batch], [], studentLogits.dtype, op);
  return tape.record([studentLogits, teacherLogits], output, (gradient) => {
    const scale = gradient.item() / batch;
    tape.accumulate(studentLogits, (pointer) => void run(scale, pointer, 0));
    tape.accumulate(teacherLogits, (pointer) => void run(scale, 0, pointer));
  });
}
