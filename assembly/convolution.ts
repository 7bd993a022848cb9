// Two-dimensional convolution (cross-correlation, as every framework's conv2d) on [batch, channels, height, width].
//
// A sample is unfolded into columns[k][p], k = (channel, kernel row, kernel column) and p = output
// pixel, and the layer is a matrix product. Samples go one after the other; a weight gradient is a tree
// fixed by the shapes: within a sample, over the samples of a group, over groups, which threads can
// share and which keeps the rounding error of 10^6-term sums small.
import { multiply, productScratchBytes } from './product';
import { lanes } from './profile';

// @ts-ignore: decorator
@inline
function outputExtent(input: i32, kernel: i32, stride: i32, padding: i32, dilation: i32): i32 {
  return (input + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

/** Scratch, in order: one group's weight gradient, padded sample, columns, one sample's weight gradient, the product's own. */
function paddedBytes<T>(channels: i32, height: i32, width: i32, padH: i32, padW: i32): usize {
  // One vector more: rows are read in whole vectors.
  return (<usize>(channels * (height + 2 * padH) * (width + 2 * padW)) * sizeof<T>() + 79) & ~63;
}

function columnBytes<T>(depth: i32, pixels: i32): usize {
  return (<usize>depth * <usize>pixels * sizeof<T>() + 79) & ~63;
}

function weightBytes<T>(outChannels: i32, depth: i32): usize {
  return (<usize>outChannels * <usize>depth * sizeof<T>() + 63) & ~63;
}

function scratchBytes<T>(
  channels: i32, height: i32, width: i32, outChannels: i32, kernelH: i32, kernelW: i32,
  strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32,
): usize {
  const pixels = outputExtent(height, kernelH, strideH, padH, dilationH) * outputExtent(width, kernelW, strideW, padW, dilationW);
  const depth = channels * kernelH * kernelW;
  return paddedBytes<T>(channels, height, width, padH, padW) + columnBytes<T>(depth, pixels) +
    weightBytes<T>(outChannels, depth) + weightBytes<T>(outChannels, depth) + max(productScratchBytes<T>(outChannels, pixels, depth),
      max(productScratchBytes<T>(outChannels, depth, pixels), productScratchBytes<T>(depth, pixels, outChannels)));
}

/** Copies a sample into the middle of a zeroed frame [channels, height + 2 padH, width + 2 padW]. */
function padSample<T>(sample: usize, channels: i32, height: i32, width: i32, padH: i32, padW: i32, frame: usize): void {
  const size = sizeof<T>();
  const frameW = width + 2 * padW, frameH = height + 2 * padH;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      memory.copy(
        frame + <usize>((c * frameH + y + padH) * frameW + padW) * size,
        sample + <usize>((c * height + y) * width) * size,
        <usize>width * size,
      );
    }
  }
}

/** columns[k][p] = frame value under kernel tap k of output pixel p. */
function unfold<T>(
  frame: usize, channels: i32, frameH: i32, frameW: i32, outH: i32, outW: i32, kernelH: i32, kernelW: i32,
  strideH: i32, strideW: i32, dilationH: i32, dilationW: i32, columns: usize,
): void {
  const size = sizeof<T>();
  const vectorEnd = outW - lanes<T>();
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernelH; ky++) {
      for (let kx = 0; kx < kernelW; kx++) {
        for (let y = 0; y < outH; y++) {
          let from = frame + <usize>((c * frameH + y * strideH + ky * dilationH) * frameW + kx * dilationW) * size;
          let x = 0;
          if (strideW == 1) {
            for (; x <= vectorEnd; x += lanes<T>()) {
              v128.store(columns, v128.load(from));
              from += 16;
              columns += 16;
            }
          }
          for (; x < outW; x++) {
            store<T>(columns, load<T>(from));
            from += <usize>strideW * size;
            columns += size;
          }
        }
      }
    }
  }
}

/** frame value under kernel tap k of pixel p += columns[k][p], k ascending, p ascending. */
function fold<T>(
  columns: usize, channels: i32, frameH: i32, frameW: i32, outH: i32, outW: i32, kernelH: i32, kernelW: i32,
  strideH: i32, strideW: i32, dilationH: i32, dilationW: i32, frame: usize,
): void {
  const size = sizeof<T>();
  const vectorEnd = outW - lanes<T>();
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernelH; ky++) {
      for (let kx = 0; kx < kernelW; kx++) {
        for (let y = 0; y < outH; y++) {
          let to = frame + <usize>((c * frameH + y * strideH + ky * dilationH) * frameW + kx * dilationW) * size;
          let x = 0;
          if (strideW == 1) {
            for (; x <= vectorEnd; x += lanes<T>()) {
              v128.store(to, v128.add<T>(v128.load(to), v128.load(columns)));
              to += 16;
              columns += 16;
            }
          }
          for (; x < outW; x++) {
            store<T>(to, load<T>(to) + load<T>(columns));
            to += <usize>strideW * size;
            columns += size;
          }
        }
      }
    }
  }
}

/** output [batch, outChannels, outH, outW] = weight [outChannels, channels, kernelH, kernelW] over input; no bias. */
function forward<T>(
  input: usize, weight: usize, output: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  const size = sizeof<T>();
  const frameH = height + 2 * padH, frameW = width + 2 * padW;
  const outH = outputExtent(height, kernelH, strideH, padH, dilationH);
  const outW = outputExtent(width, kernelW, strideW, padW, dilationW);
  const pixels = outH * outW, depth = channels * kernelH * kernelW;
  const frameBytes = paddedBytes<T>(channels, height, width, padH, padW);
  const columns = scratch + frameBytes;
  const productScratch = columns + columnBytes<T>(depth, pixels) + weightBytes<T>(outChannels, depth);
  memory.fill(scratch, 0, frameBytes);
  for (let n = 0; n < batch; n++) {
    padSample<T>(input + <usize>n * <usize>(channels * height * width) * size, channels, height, width, padH, padW, scratch);
    unfold<T>(scratch, channels, frameH, frameW, outH, outW, kernelH, kernelW, strideH, strideW, dilationH, dilationW, columns);
    multiply<T>(outChannels, pixels, depth, weight, depth, 1, columns, pixels, 1,
      output + <usize>n * <usize>(outChannels * pixels) * size, pixels, 0, productScratch);
  }
}

/** total += values; both 16-byte aligned and padded to whole vectors, as scratch and tensors are. */
function addTo<T>(total: usize, values: usize, count: i32): void {
  for (let i = 0; i < count; i += lanes<T>()) {
    v128.store(total, v128.add<T>(v128.load(total), v128.load(values)));
    total += 16;
    values += 16;
  }
}

/** Samples whose weight gradients are summed before the sums are: at most 32 groups, and at most 4 million values in all of theirs. */
function groupSize(batch: i32, weightValues: i32): i32 {
  const groups = max(1, min(32, (1 << 22) / weightValues));
  return max(1, (batch + groups - 1) / groups);
}

/** The weight gradient of one group: a sum within each sample, then over samples in ascending order. */
function groupWeightGradient<T>(
  input: usize, gradient: usize, result: usize, samples: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  const size = sizeof<T>();
  const frameH = height + 2 * padH, frameW = width + 2 * padW;
  const outH = outputExtent(height, kernelH, strideH, padH, dilationH);
  const outW = outputExtent(width, kernelW, strideW, padW, dilationW);
  const pixels = outH * outW, depth = channels * kernelH * kernelW;
  const frameBytes = paddedBytes<T>(channels, height, width, padH, padW);
  const columns = scratch + frameBytes;
  const sampleGradient = columns + columnBytes<T>(depth, pixels);
  const productScratch = sampleGradient + weightBytes<T>(outChannels, depth);
  const weightValues = outChannels * depth;
  memory.fill(scratch, 0, frameBytes);
  for (let n = 0; n < samples; n++) {
    padSample<T>(input + <usize>n * <usize>(channels * height * width) * size, channels, height, width, padH, padW, scratch);
    unfold<T>(scratch, channels, frameH, frameW, outH, outW, kernelH, kernelW, strideH, strideW, dilationH, dilationW, columns);
    multiply<T>(outChannels, depth, pixels, gradient + <usize>n * <usize>(outChannels * pixels) * size, pixels, 1,
      columns, 1, pixels, n == 0 ? result : sampleGradient, depth, 0, productScratch);
    if (n > 0) addTo<T>(result, sampleGradient, weightValues);
  }
}

/** weightGradient [outChannels, channels, kernelH, kernelW] from gradient [batch, outChannels, outH, outW]: the groups' sums, added in order. */
function weightGradient<T>(
  input: usize, gradient: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  const outH = outputExtent(height, kernelH, strideH, padH, dilationH);
  const outW = outputExtent(width, kernelW, strideW, padW, dilationW);
  const depth = channels * kernelH * kernelW;
  const weightValues = outChannels * depth;
  const samples = groupSize(batch, weightValues);
  const groupScratch = scratch + weightBytes<T>(outChannels, depth);
  if (batch == 0) memory.fill(result, 0, <usize>weightValues * sizeof<T>());
  for (let n = 0; n < batch; n += samples) {
    groupWeightGradient<T>(
      input + <usize>n * <usize>(channels * height * width) * sizeof<T>(), gradient + <usize>n * <usize>(outChannels * outH * outW) * sizeof<T>(),
      n == 0 ? result : scratch, min(samples, batch - n), channels, height, width, outChannels,
      kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, groupScratch);
    if (n > 0) addTo<T>(result, scratch, weightValues);
  }
}

/** inputGradient [batch, channels, height, width] from gradient [batch, outChannels, outH, outW]. */
function inputGradient<T>(
  gradient: usize, weight: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  const size = sizeof<T>();
  const frameH = height + 2 * padH, frameW = width + 2 * padW;
  const outH = outputExtent(height, kernelH, strideH, padH, dilationH);
  const outW = outputExtent(width, kernelW, strideW, padW, dilationW);
  const pixels = outH * outW, depth = channels * kernelH * kernelW;
  const frameBytes = paddedBytes<T>(channels, height, width, padH, padW);
  const columns = scratch + frameBytes;
  const productScratch = columns + columnBytes<T>(depth, pixels) + weightBytes<T>(outChannels, depth);
  for (let n = 0; n < batch; n++) {
    multiply<T>(depth, pixels, outChannels, weight, 1, depth,
      gradient + <usize>n * <usize>(outChannels * pixels) * size, pixels, 1, columns, pixels, 0, productScratch);
    memory.fill(scratch, 0, frameBytes);
    fold<T>(columns, channels, frameH, frameW, outH, outW, kernelH, kernelW, strideH, strideW, dilationH, dilationW, scratch);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        memory.copy(
          result + <usize>(((n * channels + c) * height + y) * width) * size,
          scratch + <usize>((c * frameH + y + padH) * frameW + padW) * size,
          <usize>width * size,
        );
      }
    }
  }
}

export function convolution_scratch_f32(
  channels: i32, height: i32, width: i32, outChannels: i32, kernelH: i32, kernelW: i32,
  strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32,
): usize {
  return scratchBytes<f32>(channels, height, width, outChannels, kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW);
}

export function convolution_scratch_f64(
  channels: i32, height: i32, width: i32, outChannels: i32, kernelH: i32, kernelW: i32,
  strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32,
): usize {
  return scratchBytes<f64>(channels, height, width, outChannels, kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW);
}

export function convolution_forward_f32(
  input: usize, weight: usize, output: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  forward<f32>(input, weight, output, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_forward_f64(
  input: usize, weight: usize, output: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  forward<f64>(input, weight, output, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_weight_gradient_f32(
  input: usize, gradient: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  weightGradient<f32>(input, gradient, result, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_weight_gradient_f64(
  input: usize, gradient: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  weightGradient<f64>(input, gradient, result, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_input_gradient_f32(
  gradient: usize, weight: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  inputGradient<f32>(gradient, weight, result, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_input_gradient_f64(
  gradient: usize, weight: usize, result: usize, batch: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  inputGradient<f64>(gradient, weight, result, batch, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

/** Samples of a group of the weight gradient's tree. */
export function convolution_group_size(batch: i32, weightValues: i32): i32 {
  return groupSize(batch, weightValues);
}

/** The weight gradient of one group of samples. */
export function convolution_weight_gradient_group_f32(
  input: usize, gradient: usize, result: usize, samples: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  groupWeightGradient<f32>(input, gradient, result, samples, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}

export function convolution_weight_gradient_group_f64(
  input: usize, gradient: usize, result: usize, samples: i32, channels: i32, height: i32, width: i32, outChannels: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, padH: i32, padW: i32, dilationH: i32, dilationW: i32, scratch: usize,
): void {
  groupWeightGradient<f64>(input, gradient, result, samples, channels, height, width, outChannels,
    kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, scratch);
}
