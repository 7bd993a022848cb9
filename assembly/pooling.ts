// Maximum pooling over planes [planes, height, width], planes = batch * channels.
// Windows start at -padding and step by the stride; gradients are scattered plane by plane, output by
// output. 2x2 windows with stride 2 and no padding have vector paths with the very same results.
import { lanes } from './profile';
import { evenColumns, isHalving, oddColumns, storeColumns } from './vector';

/** Lane masks of T as int32 masks in the low lanes. */
// @ts-ignore: decorator
@inline
function narrowMask<T>(mask: v128): v128 {
  return sizeof<T>() == 4 ? mask : v128.shuffle<i32>(mask, mask, 0, 2, 0, 2);
}

/** int32 masks in the low lanes as lane masks of T. */
// @ts-ignore: decorator
@inline
function widenMask<T>(mask: v128): v128 {
  return sizeof<T>() == 4 ? mask : v128.shuffle<i32>(mask, mask, 0, 0, 1, 1);
}

/** PyTorch's rule for taking a new maximum: larger, or NaN. */
// @ts-ignore: decorator
@inline
function beats<T>(value: v128, best: v128): v128 {
  return v128.or(v128.gt<T>(value, best), v128.ne<T>(value, value));
}

/** Winners of one vector of neighbouring 2x2 windows; `row` is the windows' corner, `base` its flat index. */
// @ts-ignore: decorator
@inline
function maximumOfFour<T>(row: usize, width: i32, base: i32, output: usize, indices: usize): void {
  const below = row + <usize>width * sizeof<T>();
  let best = evenColumns<T>(row);
  let index = i32x4.add(i32x4.splat(base), i32x4(0, 2, 4, 6));
  const corner = index;
  let value = oddColumns<T>(row);
  let wins = beats<T>(value, best);
  best = v128.bitselect(value, best, wins);
  index = v128.bitselect(i32x4.add(corner, i32x4.splat(1)), index, narrowMask<T>(wins));
  value = evenColumns<T>(below);
  wins = beats<T>(value, best);
  best = v128.bitselect(value, best, wins);
  index = v128.bitselect(i32x4.add(corner, i32x4.splat(width)), index, narrowMask<T>(wins));
  value = oddColumns<T>(below);
  wins = beats<T>(value, best);
  best = v128.bitselect(value, best, wins);
  index = v128.bitselect(i32x4.add(corner, i32x4.splat(width + 1)), index, narrowMask<T>(wins));
  v128.store(output, best);
  if (sizeof<T>() == 4) v128.store(indices, index);
  else v128.store_lane<i64>(indices, index, 0);
}

/** The window [top, bottom) x [left, right) of one plane. */
// @ts-ignore: decorator
@inline
function maximumOfWindow<T>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, output: usize, indices: usize): void {
  let best = <T>-Infinity;
  let index = top * width + left;
  for (let y = top; y < bottom; y++) {
    for (let at = y * width + left; at < y * width + right; at++) {
      const value = load<T>(plane + <usize>at * sizeof<T>());
      if (value > best || value != value) {
        best = value;
        index = at;
      }
    }
  }
  store<T>(output, best);
  store<i32>(indices, index);
}

// @ts-ignore: decorator
@inline
function maximumInHalves<T>(input: usize, planes: i32, height: i32, width: i32, output: usize, indices: usize): void {
  const size = sizeof<T>();
  const outHeight = height >> 1, outWidth = width >> 1;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const row = input + <usize>(2 * y * width) * size;
      // The last vector may overlap the one before: it writes the same values again.
      for (let x = 0; x < outWidth; x += lanes<T>()) {
        const start = min(x, outWidth - lanes<T>());
        maximumOfFour<T>(row + <usize>(2 * start) * size, width, 2 * y * width + 2 * start,
          output + <usize>start * size, indices + (<usize>start << 2));
      }
      output += <usize>outWidth * size;
      indices += <usize>outWidth << 2;
    }
    input += <usize>(height * width) * size;
  }
}

// @ts-ignore: decorator
@inline
function maximum<T>(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize, indices: usize,
): void {
  if (isHalving(kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth) && outWidth >= lanes<T>()) {
    maximumInHalves<T>(input, planes, height, width, output, indices);
    return;
  }
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const top = y * strideHeight - paddingHeight;
      for (let x = 0; x < outWidth; x++) {
        const left = x * strideWidth - paddingWidth;
        maximumOfWindow<T>(input, width, max(top, 0), min(top + kernelHeight, height), max(left, 0), min(left + kernelWidth, width),
          output, indices);
        output += sizeof<T>();
        indices += 4;
      }
    }
    input += <usize>(height * width) * sizeof<T>();
  }
}

/** Gradients of one vector of 2x2 windows go to the two rows that the windows cover. */
// @ts-ignore: decorator
@inline
function scatterFour<T>(gradient: usize, indices: usize, width: i32, base: i32, row: usize): void {
  // + 0 as the plain path does: a gradient of -0 arrives as 0.
  const value = v128.add<T>(v128.load(gradient), v128.splat<T>(<T>0));
  const index = sizeof<T>() == 4 ? v128.load(indices) : v128.load64_zero(indices);
  const corner = i32x4.add(i32x4.splat(base), i32x4(0, 2, 4, 6));
  const winner = i32x4.sub(index, corner);
  storeColumns<T>(row,
    v128.and(value, widenMask<T>(i32x4.eq(winner, i32x4.splat(0)))),
    v128.and(value, widenMask<T>(i32x4.eq(winner, i32x4.splat(1)))));
  storeColumns<T>(row + <usize>width * sizeof<T>(),
    v128.and(value, widenMask<T>(i32x4.eq(winner, i32x4.splat(width)))),
    v128.and(value, widenMask<T>(i32x4.eq(winner, i32x4.splat(width + 1)))));
}

// @ts-ignore: decorator
@inline
function maximumGradientInHalves<T>(gradient: usize, indices: usize, planes: i32, height: i32, width: i32, result: usize): void {
  const size = sizeof<T>();
  const outHeight = height >> 1, outWidth = width >> 1;
  // An odd last row or column is in no window.
  if ((height | width) & 1) memory.fill(result, 0, <usize>(planes * height * width) * size);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < outHeight; y++) {
      const row = result + <usize>(2 * y * width) * size;
      for (let x = 0; x < outWidth; x += lanes<T>()) {
        const start = min(x, outWidth - lanes<T>());
        scatterFour<T>(gradient + <usize>start * size, indices + (<usize>start << 2), width, 2 * y * width + 2 * start,
          row + <usize>(2 * start) * size);
      }
      gradient += <usize>outWidth * size;
      indices += <usize>outWidth << 2;
    }
    result += <usize>(height * width) * size;
  }
}

// @ts-ignore: decorator
@inline
function maximumGradient<T>(
  gradient: usize, indices: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, halving: i32, result: usize,
): void {
  if (halving && outWidth >= lanes<T>()) {
    maximumGradientInHalves<T>(gradient, indices, planes, height, width, result);
    return;
  }
  memory.fill(result, 0, <usize>(planes * height * width) * sizeof<T>());
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < outHeight * outWidth; i++) {
      const to = result + <usize>load<i32>(indices) * sizeof<T>();
      store<T>(to, load<T>(to) + load<T>(gradient));
      gradient += sizeof<T>();
      indices += 4;
    }
    result += <usize>(height * width) * sizeof<T>();
  }
}

/**
 * Maxima of windows of input [planes, height, width] -> output [planes, outHeight, outWidth], and each winner's
 * int32 index within its input plane. The first of equal values wins; the last NaN of a window wins.
 */
export function pooling_max_f32(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize, indices: usize,
): void {
  maximum<f32>(input, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, output, indices);
}
export function pooling_max_f64(
  input: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, paddingHeight: i32, paddingWidth: i32, output: usize, indices: usize,
): void {
  maximum<f64>(input, planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth,
    paddingHeight, paddingWidth, output, indices);
}

/**
 * result [planes, height, width] = sums of gradient [planes, outHeight, outWidth] at the winners' indices.
 * halving = 1 says that windows were 2x2 with stride 2 and no padding.
 */
export function pooling_max_gradient_f32(
  gradient: usize, indices: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, halving: i32, result: usize,
): void {
  maximumGradient<f32>(gradient, indices, planes, height, width, outHeight, outWidth, halving, result);
}
export function pooling_max_gradient_f64(
  gradient: usize, indices: usize, planes: i32, height: i32, width: i32, outHeight: i32, outWidth: i32, halving: i32, result: usize,
): void {
  maximumGradient<f64>(gradient, indices, planes, height, width, outHeight, outWidth, halving, result);
}
