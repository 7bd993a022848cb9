// Kernels that share their work with a pool's threads: the same names, arguments and bits.
import type { Kernels } from '../generated/kernels.js';
import { AGGREGATION_SCRATCH } from './aggregation-cuts.js';
import { convolutionSizes, SCRATCH } from './convolution-cuts.js';
import type { KernelName } from './cut.js';
import { CUTS, cutOf } from './cuts.js';
import type { Sharing } from './pool.js';

type AnyKernel = (...args: number[]) => number;
type Suffix = 'f32' | 'f64';

/** Multiplications below which a product stays on the calling thread: about 60 us, where sharing begins to pay. */
const LEAST_PRODUCT = 1 << 19;
const RIGHT_SPARSE = 2;

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Calls a kernel on the pool if it has a cut, or whole. */
function shared(kernels: Kernels, pool: Sharing, name: KernelName, strideOf?: (args: readonly number[]) => number): AnyKernel {
  const whole = kernels[name] as AnyKernel;
  return (...args) => {
    const cut = cutOf(name, args);
    return cut === undefined ? whole(...args) : pool.run(name, args, cut, strideOf?.(args));
  };
}

/** gemm: chooses the method, then shares packing and tiles. */
function product(kernels: Kernels, pool: Sharing, suffix: Suffix, size: number): AnyKernel {
  const whole = kernels[`gemm_${suffix}`] as AnyKernel;
  const pack = shared(kernels, pool, `gemm_pack_${suffix}`);
  return (...args) => {
    const k = args[2]!;
    let [m, n, , a, aRow, aColumn, b, bRow, bColumn] = args as [number, number, number, number, number, number, number, number, number];
    const [c, cRow, accumulate, scratch] = args.slice(9) as [number, number, number, number];
    if (k === 0 || m * n * k < LEAST_PRODUCT) return whole(...args);
    const stride = kernels[`gemm_private_bytes_${suffix}`](m, k);
    const tileScratch = scratch + kernels[`gemm_shared_bytes_${suffix}`](m, n, k);
    const method = kernels[`gemm_method_${suffix}`](m, n, k, a, aRow, aColumn, b, bRow, bColumn, accumulate);
    const turned = method === RIGHT_SPARSE;
    if (turned) [m, n, a, aRow, aColumn, b, bRow, bColumn] = [n, m, b, bColumn, bRow, a, aColumn, aRow];
    const tiles = shared(kernels, pool, `gemm_tiles_${suffix}`, () => stride);
    const width = kernels[`gemm_pack_width_${suffix}`](method, k);
    const panel = kernels[`gemm_panel_width_${suffix}`](method);
    for (let start = 0; start < n; start += width) {
      const columns = Math.min(width, n - start);
      const panels = Math.ceil(columns / panel);
      pack(method, columns, k, b + start * bColumn * size, bRow, bColumn, 0, panels, scratch);
      tiles(method, m, columns, k, a, aRow, aColumn, scratch, 0, panels, c + start * (turned ? cRow : 1) * size, cRow, accumulate, tileScratch);
    }
    return 0;
  };
}

/** The weight gradient's groups side by side, then their sums added in order. */
function weightGradient(kernels: Kernels, pool: Sharing, suffix: Suffix, strideOf: (args: readonly number[]) => number, add: AnyKernel): AnyKernel {
  const name: KernelName = `convolution_weight_gradient_${suffix}`;
  const whole = kernels[name] as AnyKernel;
  const size = suffix === 'f32' ? 4 : 8;
  return (...args) => {
    const { weight } = convolutionSizes(args);
    const batch = args[3]!, result = args[2]!;
    const stride = strideOf(args), sumBytes = roundUp(weight * size);
    const sums = args[SCRATCH]! + stride * pool.threads;
    const job = [...args, kernels.convolution_group_size(batch, weight), sums, sumBytes];
    const cut = cutOf(name, job);
    if (cut === undefined) return whole(...args);
    pool.run(name, job, cut, stride);
    for (let part = 1; part < cut.parts; part++) add(result, sums + (part - 1) * sumBytes, result, weight);
    return 0;
  };
}

function convolutions(kernels: Kernels, pool: Sharing, suffix: Suffix): Record<string, AnyKernel> {
  const size = suffix === 'f32' ? 4 : 8;
  const scratchOf = kernels[`convolution_scratch_${suffix}`] as AnyKernel;
  const strideOf = (args: readonly number[]) => roundUp(scratchOf(...args.slice(4, SCRATCH)));
  const add = shared(kernels, pool, `arithmetic_add_${suffix}`);
  return {
    [`convolution_scratch_${suffix}`]: (...geometry) => {
      const { weight } = convolutionSizes([0, 0, 0, 0, ...geometry]);
      // Of at most 32 groups, whatever the batch.
      return roundUp(scratchOf(...geometry)) * pool.threads + 31 * roundUp(weight * size);
    },
    [`convolution_forward_${suffix}`]: shared(kernels, pool, `convolution_forward_${suffix}`, strideOf),
    [`convolution_input_gradient_${suffix}`]: shared(kernels, pool, `convolution_input_gradient_${suffix}`, strideOf),
    [`convolution_weight_gradient_${suffix}`]: weightGradient(kernels, pool, suffix, strideOf, add),
  };
}

function products(kernels: Kernels, pool: Sharing, suffix: Suffix): Record<string, AnyKernel> {
  return {
    [`gemm_scratch_${suffix}`]: (m, n, k) =>
      kernels[`gemm_shared_bytes_${suffix}`](m!, n!, k!) + pool.threads * kernels[`gemm_private_bytes_${suffix}`](m!, k!),
    [`gemm_${suffix}`]: product(kernels, pool, suffix, suffix === 'f32' ? 4 : 8),
    [`gemm_private_bytes_${suffix}`]: (m, k) => pool.threads * kernels[`gemm_private_bytes_${suffix}`](m!, k!),
    [`gemm_tiles_${suffix}`]: shared(kernels, pool, `gemm_tiles_${suffix}`, ([, m, , k]) => kernels[`gemm_private_bytes_${suffix}`](m!, k!)),
  };
}

/** Aggregation rules, and their scratch for every thread. */
function aggregations(kernels: Kernels, pool: Sharing, suffix: Suffix): Record<string, AnyKernel> {
  const threaded: Record<string, AnyKernel> = {};
  for (const { kernel, scratch, extents, only } of AGGREGATION_SCRATCH) {
    if (only !== undefined && only !== suffix) continue;
    const scratchOf = kernels[`${scratch}_${suffix}` as KernelName] as AnyKernel;
    threaded[`${scratch}_${suffix}`] = (...counts) => roundUp(scratchOf(...counts)) * pool.threads;
    threaded[`${kernel}_${suffix}`] = shared(kernels, pool, `${kernel}_${suffix}` as KernelName, (args) => roundUp(scratchOf(...extents.map((index) => args[index]!))));
  }
  return threaded;
}

/** The kernels of `kernels`, those that have a cut sharing it with the pool's threads. */
export function threadedKernels(kernels: Kernels, pool: Sharing): Kernels {
  const perlinStride = (args: readonly number[]) => roundUp(kernels.image_perlin_scratch(args[3]!, args[4]!, args[5]!));
  const threaded: Record<string, AnyKernel> = {};
  for (const [name] of CUTS) threaded[name] = shared(kernels, pool, name as KernelName);
  return {
    ...kernels,
    ...threaded,
    ...products(kernels, pool, 'f32'),
    ...products(kernels, pool, 'f64'),
    ...convolutions(kernels, pool, 'f32'),
    ...convolutions(kernels, pool, 'f64'),
    ...aggregations(kernels, pool, 'f32'),
    ...aggregations(kernels, pool, 'f64'),
    image_perlin_f32: shared(kernels, pool, 'image_perlin_f32', perlinStride),
    image_perlin_scratch: (resolution: number, height: number, width: number) =>
      roundUp(kernels.image_perlin_scratch(resolution, height, width)) * pool.threads,
  } as unknown as Kernels;
}
