// Average pooling over planes [planes, height, width], planes = batch * channels.
// A window's sum runs row by row in float64 and is rounded once; gradients are spread plane by plane,
// output by output. 2x2 windows with stride 2 and no padding have vector paths with the very same results.
import { highHalf, joinHalves, lowHalf } from './math/vector';
import { lanes } from './profile';
import { evenColumns, isHalving, oddColumns, storeColumns } from './vector';

/** Float64 sums of 2x2 windows' four values, two windows at a time, in the order of meanOfWindow. */
// @ts-ignore: decorator
@inline
function meanOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const total = f64x2.add(f64x2.add(f64x2.add(a, b), c), d);
  return f64x2.mul(total, f64x2.splat(0.25));
}

// @ts-ignore: decorator
@inline
function averageOfFour<T>(row: usize, below: usize, output: usize): void {
  const a = evenColumns<T>(row), b = oddColumns<T>(row), c = evenColumns<T>(below), d = oddColumns<T>(below);
  if (sizeof<T>() == 8) {
    v128.store(output, meanOfFour(a, b, c, d));
    return;
  }
  const low = meanOfFour(lowHalf(a), lowHalf(b), lowHalf(c), lowHalf(d));
  const high = meanOfFour(highHalf(a), highHalf(b), highHalf(c), highHalf(d));
  v128.store(output, joinHalves(low, high));
}

// @ts-ignore: decorator
@inline
function averageInHalves<T>(input: usize, planes: i32, height: i32, width: i32, output: usize): void {
  const size = sizeof<T>();
  const outHeight = height >> 1, outWidth = width >> 1;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const row = input + <usize>(2 * y * width) * size;
      for (let x = 0; x < outWidth; x += lanes<T>()) {
        const start = <usize>min(x, outWidth - lanes<T>()) * size;
        averageOfFour<T>(row + 2 * start, row + 2 * start + <usize>width * size, output + start);
      }
      output += <usize>outWidth * size;
    }
    input += <usize>(height * width) * size;
  }
}

/** A quarter of each gradient [outHeight, outWidth] to the four cells of its window. */
// @ts-ignore: decorator
@inline
function averageGradientInHalves<T>(gradient: usize, planes: i32, height: i32, width: i32, result: usize): void {
  const size = sizeof<T>();
  const outHeight = height >> 1, outWidth = width >> 1;
  // An odd last row or column is in no window.
  if ((height | width) & 1) memory.fill(result, 0, <usize>(planes * height * width) * size);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const row = result + <usize>(2 * y * width) * size;
      for (let x = 0; x < outWidth; x += lanes<T>()) {
        const start = <usize>min(x, outWidth - lanes<T>()) * size;
        // + 0 as the plain path does: a gradient of -0 arrives as 0.
        const quarter = v128.add<T>(v128.mul<T>(v128.load(gradient + start), v128.splat<T>(<T>0.25)), v128.splat<T>(<T>0));
        storeColumns<T>(row + 2 * start, quarter, quarter);
        storeColumns<T>(row + 2 * start + <usize>width * size, quarter, quarter);
      }
      gradient += <usize>outWidth * size;
    }
    result += <usize>(height * width) * size;
  }
}

/** Sum of the window [top, bottom) x [left, right) divided by `divisor`, rounded once. */
// @ts-ignore: decorator
@inline
function meanOfWindow<T>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, divisor: i32): T {
  let total: f64 = 0;
  for (let y = top; y < bottom; y++) {
    const row = plane + <usize>(y * width) * sizeof<T>();
    for (let x = left; x < right; x++) total += <f64>load<T>(row + <usize>x * sizeof<T>());
  }
  return <T>(total / <f64>divisor);
}

/** Adds `value` to every cell of the window. */
// @ts-ignore: decorator
@inline
function spreadOverWindow<T>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, value: T): void {
  for (let y = top; y < bottom; y++) {
    const row = plane + <usize>(y * width) * sizeof<T>();
    for (let x = left; x < right; x++) {
      const to = row + <usize>x * sizeof<T>();
      store<T>(to, load<T>(to) + value);
    }
  }
}

/** Averages with padding counted in the divisor; `backward` spreads gradients (from `input`) over zeroed planes at `output` instead. */
// @ts-ignore: decorator
@inline
function average<T>(
  backward: bool, input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize,
): void {
  if (isHalving(kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth) && outWidth >= lanes<T>()) {
    if (backward) averageGradientInHalves<T>(input, planes, height, width, output);
    else averageInHalves<T>(input, planes, height, width, output);
    return;
  }
  const area = kernelHeight * kernelWidth;
  const planeBytes = <usize>(height * width) * sizeof<T>();
  if (backward) memory.fill(output, 0, <usize>planes * planeBytes);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const start = y * strideHeight - paddingHeight;
      const top = max(start, 0), bottom = min(start + kernelHeight, height);
      for (let x = 0; x < outWidth; x++) {
        const from = x * strideWidth - paddingWidth;
        const left = max(from, 0), right = min(from + kernelWidth, width);
        if (backward) {
          spreadOverWindow<T>(output, width, top, bottom, left, right, <T>(<f64>load<T>(input) / <f64>area));
          input += sizeof<T>();
        } else {
          store<T>(output, meanOfWindow<T>(input, width, top, bottom, left, right, area));
          output += sizeof<T>();
        }
      }
    }
    if (backward) output += planeBytes;
    else input += planeBytes;
  }
}

/** Output i covers input [floor(i * in / out), ceil((i + 1) * in / out)), as in PyTorch. */
// @ts-ignore: decorator
@inline
function adaptiveAverage<T>(backward: bool, input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, output: usize): void {
  const planeBytes = <usize>(height * width) * sizeof<T>();
  if (backward) memory.fill(output, 0, <usize>planes * planeBytes);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const top = y * height / outHeight, bottom = ((y + 1) * height + outHeight - 1) / outHeight;
      for (let x = 0; x < outWidth; x++) {
        const left = x * width / outWidth, right = ((x + 1) * width + outWidth - 1) / outWidth;
        const area = (bottom - top) * (right - left);
        if (backward) {
          spreadOverWindow<T>(output, width, top, bottom, left, right, <T>(<f64>load<T>(input) / <f64>area));
          input += sizeof<T>();
        } else {
          store<T>(output, meanOfWindow<T>(input, width, top, bottom, left, right, area));
          output += sizeof<T>();
        }
      }
    }
    if (backward) output += planeBytes;
    else input += planeBytes;
  }
}

/** Means of windows of input [planes, height, width] -> output [planes, outHeight, outWidth]; padding counts as zeros in the mean. */
export function pooling_average_f32(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize,
): void {
  average<f32>(false, input, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, output);
}
export function pooling_average_f64(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize,
): void {
  average<f64>(false, input, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, output);
}

/** result [planes, height, width] = each gradient [planes, outHeight, outWidth] / window area, summed over the windows of a cell. */
export function pooling_average_gradient_f32(
  gradient: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, result: usize,
): void {
  average<f32>(true, gradient, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, result);
}
export function pooling_average_gradient_f64(
  gradient: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, result: usize,
): void {
  average<f64>(true, gradient, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, result);
}

/** Means of windows that share input [planes, height, width] out evenly -> output [planes, outHeight, outWidth]. */
export function pooling_adaptive_average_f32(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, output: usize,
): void {
  adaptiveAverage<f32>(false, input, planes, height, width, outHeight, outWidth, output);
}
export function pooling_adaptive_average_f64(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, output: usize,
): void {
  adaptiveAverage<f64>(false, input, planes, height, width, outHeight, outWidth, output);
}

/** result [planes, height, width]: the gradient of pooling_adaptive_average. */
export function pooling_adaptive_average_gradient_f32(
  gradient: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, result: usize,
): void {
  adaptiveAverage<f32>(true, gradient, planes, height, width, outHeight, outWidth, result);
}
export function pooling_adaptive_average_gradient_f64(
  gradient: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, result: usize,
): void {
  adaptiveAverage<f64>(true, gradient, planes, height, width, outHeight, outWidth, result);
}
