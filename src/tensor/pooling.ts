import type { Pair } from './convolution.js';
import type { PoolSettings } from './device.js';
import type { Tape } from './tape.js';
import { formatShape, kernelOf, sizeOf, type Tensor } from './tensor.js';

export interface PoolingWindow {
  kernel: Pair;
  /** Default: the kernel, so that windows touch and do not overlap. */
  stride?: Pair;
  /** Default [0, 0]; at most half the kernel. */
  padding?: Pair;
}

interface Extents {
  planes: number;
  height: number;
  width: number;
}

function requireImages(op: string, x: Tensor): Extents {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  if (x.shape.length !== 4 || height === 0 || width === 0) {
    throw new RangeError(`${op}: expected input [batch, channels, height, width] with at least one pixel, got shape ${formatShape(x.shape)}`);
  }
  return { planes: batch * channels, height, width };
}

function requirePair(op: string, name: string, pair: Pair, least: number): void {
  if (!Array.isArray(pair) || pair.length !== 2 || pair.some((value) => !Number.isSafeInteger(value) || value < least)) {
    throw new RangeError(`${op}: expected ${name} to be two whole numbers of at least ${least}, got ${JSON.stringify(pair)}`);
  }
}

/** Checks a window as PyTorch does and counts its positions. */
function resolveWindow(op: string, x: Tensor, window: PoolingWindow) {
  const { kernel, stride = kernel, padding = [0, 0] } = window;
  requirePair(op, 'kernel', kernel, 1);
  requirePair(op, 'stride', stride, 1);
  requirePair(op, 'padding', padding, 0);
  if (padding[0] > kernel[0] / 2 || padding[1] > kernel[1] / 2) {
    throw new RangeError(`${op}: expected padding of at most half the kernel ${formatShape(kernel)}, got ${formatShape(padding)}`);
  }
  const { planes, height, width } = requireImages(op, x);
  const outHeight = Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1;
  const outWidth = Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1;
  if (outHeight < 1 || outWidth < 1) {
    throw new RangeError(
      `${op}: expected an input of at least the kernel ${formatShape(kernel)} with padding ${formatShape(padding)}, got shape ${formatShape(x.shape)}`,
    );
  }
  const halving = [...kernel, ...stride].every((extent) => extent === 2) && padding[0] === 0 && padding[1] === 0;
  return { planes, height, width, outHeight, outWidth, kernel, stride, padding, halving };
}

function emptyOutput(tape: Tape, op: string, x: Tensor, outHeight: number, outWidth: number): Tensor {
  return tape.empty([x.shape[0]!, x.shape[1]!, outHeight, outWidth], x.dtype, op);
}

/** A pooling that a device makes, with its gradient on whichever side; undefined when the core is to make it. */
function poolOnDevice(tape: Tape, x: Tensor, settings: PoolSettings): Tensor | undefined {
  const [outHeight, outWidth] = settings.output;
  const shape = [x.shape[0]!, x.shape[1]!, outHeight, outWidth];
  const op = settings.kind === 'max' ? 'max pool' : 'average pool';
  const device = tape.place(op, x.size, [x], sizeOf(shape));
  // The gradient needs what the side that pooled has kept, so both are made where the first is.
  if (device === undefined || !device.can(`${op} gradient`)) return undefined;
  const output = tape.made(device, device.pool(x.on(device), settings), shape);
  return tape.record([x], output, (gradient) =>
    tape.give(x, tape.made(device, device.poolGradient(gradient.on(device), x.on(device), output.on(device), settings), x.shape)),
  );
}

/**
 * Largest value of each window: [n, c, h, w] -> [n, c, oh, ow] with oh = floor((h + 2 padding - kernel) / stride) + 1.
 * The gradient goes to the window's first largest value; NaN wins. PyTorch's `F.max_pool2d`.
 * @throws RangeError for an input that is no batch of images, padding above half the kernel, or an empty output
 */
export function maxPool2d(tape: Tape, x: Tensor, window: PoolingWindow): Tensor {
  const { planes, height, width, outHeight, outWidth, kernel, stride, padding, halving } = resolveWindow('maxPool2d', x, window);
  const made = poolOnDevice(tape, x, { kind: 'max', kernel, stride, padding, output: [outHeight, outWidth] });
  if (made !== undefined) return made;
  const output = emptyOutput(tape, 'maxPool2d', x, outHeight, outWidth);
  const indices = tape.allocate(4 * output.size, 'maxPool2d indices');
  kernelOf(x, 'pooling_max')(
    x.source, planes, height, width, outHeight, outWidth, kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1],
    output.pointer, indices,
  );
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) =>
      kernelOf(x, 'pooling_max_gradient')(
        gradient.source, indices, planes, height, width, outHeight, outWidth, halving ? 1 : 0, pointer,
      ),
    );
  });
}

/**
 * Mean of each window, padding counted as zeros: [n, c, h, w] -> [n, c, oh, ow] with oh as for {@link maxPool2d}.
 * PyTorch's `F.avg_pool2d`.
 * @throws RangeError for an input that is no batch of images, padding above half the kernel, or an empty output
 */
export function avgPool2d(tape: Tape, x: Tensor, window: PoolingWindow): Tensor {
  const { planes, height, width, outHeight, outWidth, kernel, stride, padding } = resolveWindow('avgPool2d', x, window);
  const made = poolOnDevice(tape, x, { kind: 'average', kernel, stride, padding, output: [outHeight, outWidth] });
  if (made !== undefined) return made;
  const output = emptyOutput(tape, 'avgPool2d', x, outHeight, outWidth);
  const run = (family: 'pooling_average' | 'pooling_average_gradient', from: number, to: number) =>
    kernelOf(x, family)(
      from, planes, height, width, outHeight, outWidth, kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], to,
    );
  run('pooling_average', x.source, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) => run('pooling_average_gradient', gradient.source, pointer));
  });
}

/**
 * Means of `outputSize` windows that share the input out: [n, c, h, w] -> [n, c, oh, ow]. Window i covers
 * [floor(i h / oh), ceil((i + 1) h / oh)). PyTorch's `F.adaptive_avg_pool2d`.
 * @throws RangeError for an input that is no batch of images or an output below one pixel
 */
export function adaptiveAvgPool2d(tape: Tape, x: Tensor, outputSize: Pair): Tensor {
  const op = 'adaptiveAvgPool2d';
  requirePair(op, 'the output size', outputSize, 1);
  const { planes, height, width } = requireImages(op, x);
  const [outHeight, outWidth] = outputSize;
  const made = poolOnDevice(tape, x, { kind: 'adaptive average', kernel: [1, 1], stride: [1, 1], padding: [0, 0], output: outputSize });
  if (made !== undefined) return made;
  const output = emptyOutput(tape, op, x, outHeight, outWidth);
  kernelOf(x, 'pooling_adaptive_average')(x.source, planes, height, width, outHeight, outWidth, output.pointer);
  return tape.record([x], output, (gradient) => {
    tape.accumulate(x, (pointer) =>
      kernelOf(x, 'pooling_adaptive_average_gradient')(gradient.source, planes, height, width, outHeight, outWidth, pointer),
    );
  });
}
