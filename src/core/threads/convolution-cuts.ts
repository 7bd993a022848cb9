// Convolutions by samples (assembly/convolution.ts).
import { cutAlong, type Cut, type Cutter, type KernelName } from './cut.js';

/** Arguments of the three kernels: three pointers, batch, then the geometry, then scratch. */
const BATCH = 3;
const GEOMETRY = 4;
export const SCRATCH = 16;

function outputExtent(input: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((input + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Values of one sample's input and output, and of the weight. */
export function convolutionSizes(args: readonly number[]): { input: number; output: number; weight: number } {
  const [channels, height, width, outChannels, kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW] =
    args.slice(GEOMETRY, SCRATCH) as [number, number, number, number, number, number, number, number, number, number, number, number];
  const pixels = outputExtent(height, kernelH, strideH, padH, dilationH) * outputExtent(width, kernelW, strideW, padW, dilationW);
  return { input: channels * height * width, output: outChannels * pixels, weight: outChannels * channels * kernelH * kernelW };
}

/** Samples of a part: about 2^20 multiplications. */
function samplesOf({ output, weight }: { output: number; weight: number }, outChannels: number): number {
  return Math.max(1, Math.ceil((1 << 20) / ((output / outChannels) * weight)));
}

/** (input, weight, output, batch, ...) */
export function convolutionForward(size: number): Cutter {
  return (args) => {
    const sizes = convolutionSizes(args);
    return cutAlong(args, { extent: BATCH, per: samplesOf(sizes, args[GEOMETRY + 3]!), pointers: [[0, sizes.input * size], [2, sizes.output * size]], scratch: SCRATCH });
  };
}

/** (gradient, weight, result, batch, ...) */
export function convolutionInputGradient(size: number): Cutter {
  return (args) => {
    const sizes = convolutionSizes(args);
    return cutAlong(args, { extent: BATCH, per: samplesOf(sizes, args[GEOMETRY + 3]!), pointers: [[0, sizes.output * size], [2, sizes.input * size]], scratch: SCRATCH });
  };
}

/** (input, gradient, result, batch, ..., scratch, samples of a group, address of the sums of all groups but the first, bytes between them) */
export function convolutionWeightGradient(kernel: KernelName, size: number): Cutter {
  return (args): Cut | undefined => {
    const [per, sums, sumBytes] = args.slice(SCRATCH + 1) as [number, number, number];
    const sizes = convolutionSizes(args);
    const pointers = [[0, sizes.input * size], [1, sizes.output * size]] as const;
    const cut = cutAlong(args.slice(0, SCRATCH + 1), { kernel, extent: BATCH, per, pointers, scratch: SCRATCH });
    if (cut === undefined) return undefined;
    const narrow = (part: number) => {
      const narrowed = cut.narrow(part);
      if (part > 0) narrowed[2] = sums + (part - 1) * sumBytes;
      return narrowed;
    };
    return { ...cut, narrow };
  };
}
