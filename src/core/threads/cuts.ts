// The kernels that threads share, and their cuts. Sizes follow from measurements (2.8 GHz, Node 20):
// handing a part to a thread that is spinning costs 1 to 2 us, waking a sleeping one 20 to 60 us, so a
// part is about 10 us of work, and a call of a single part stays on the calling thread.
import { aggregations } from './aggregation-cuts.js';
import { cutAlong, flat, rowsHolding, type Cut, type Cutter } from './cut.js';
import { convolutionForward, convolutionInputGradient, convolutionWeightGradient } from './convolution-cuts.js';
import { packing, tiles } from './product-cuts.js';
import { recurrences } from './recurrent-cuts.js';

/** As in assembly/vector.ts: a sum's parts are the chunks whose sums are added in order. */
const SUM_CHUNK = 65_536;
const SUM_ROWS = 1024;
/** Values in a part of a kernel that streams through memory, and of one that evaluates a function. */
const STREAMED = 32_768;
const EVALUATED = 8192;

/** Arguments `extent` rows of `columns` values. */
function rows(extent: number, columns: number, pointers: readonly number[], size: number): Cutter {
  return (args) => {
    const bytes = args[columns]! * size;
    return cutAlong(args, { extent, per: rowsHolding(EVALUATED, args[columns]!), pointers: pointers.map((argument) => [argument, bytes] as const) });
  };
}

/** (input, bias, rows, channels, inner, activation, output): by rows, or a flat array without bias by values. */
function biasActivation(size: number): Cutter {
  return (args) => {
    const [, bias, rowCount, channels, inner] = args as [number, number, number, number, number];
    if (rowCount * channels === 1 && bias === 0) return cutAlong(args, { extent: 4, per: EVALUATED, pointers: [[0, size], [6, size]] });
    const values = channels * inner;
    return cutAlong(args, { extent: 2, per: rowsHolding(STREAMED, values), pointers: [[0, values * size], [6, values * size]] });
  };
}

/** (gradient, rows, channels, inner, output): by channels, a multiple of 8 as the kernel takes them. */
function biasGradient(kernel: 'bias_gradient_part_f32' | 'bias_gradient_part_f64', size: number): Cutter {
  return ([gradient, rowCount, channels, inner, output]) => {
    const per = rowsHolding(2 * STREAMED, rowCount! * inner!);
    return cutAlong([gradient!, rowCount!, channels!, channels!, inner!, output!], { kernel, extent: 3, per, pointers: [[0, inner! * size], [5, size]] });
  };
}

/** (logits or probabilities, labels, batch, classes, a, b): `a` holds a value a row or is a number, `b` a row. */
function crossEntropy(per: (classes: number) => number, rowLosses: boolean, size: number): Cutter {
  return (args) => {
    const bytes = args[3]! * size;
    const losses = rowLosses ? [[4, size] as const] : [];
    return cutAlong(args, { extent: 2, per: per(args[3]!), pointers: [[0, bytes], [1, 4], [5, bytes], ...losses] });
  };
}

/** (student, teacher, rows, columns, temperature, scale, two gradients). */
function divergence(size: number): Cutter {
  return (args) => {
    const bytes = args[3]! * size;
    return cutAlong(args, { extent: 2, per: SUM_ROWS, pointers: [[0, bytes], [1, bytes], [6, bytes], [7, bytes]] });
  };
}

/** Pooling by planes: where the planes' number stands, which pointers move by an input plane, which by an output plane. */
function planes(extent: number, large: readonly number[], small: readonly number[], indices: readonly number[], size: number): Cutter {
  return (args) => {
    const [height, width, outHeight, outWidth] = args.slice(extent + 1, extent + 5) as [number, number, number, number];
    const inside = height * width, outside = outHeight * outWidth;
    const pointers = [
      ...large.map((argument) => [argument, inside * size] as const),
      ...small.map((argument) => [argument, outside * size] as const),
      ...indices.map((argument) => [argument, outside * 4] as const),
    ];
    return cutAlong(args, { extent, per: rowsHolding(EVALUATED, inside), pointers });
  };
}

/** (weight or bias gradient, bias, outputs, inputs, ...): by outputs. */
function outputs(pointers: readonly (readonly [argument: number, perInput: boolean])[], extent: number, size: number): Cutter {
  return (args) => {
    const inputs = args[extent + 1]!;
    const moving = pointers.map(([argument, perInput]) => [argument, (perInput ? inputs : 1) * size] as const);
    return cutAlong(args, { extent, per: rowsHolding(STREAMED, inputs), pointers: moving });
  };
}

function elementwise(suffix: 'f32' | 'f64', size: number): Record<string, Cutter> {
  const named: Record<string, Cutter> = {};
  for (const operation of ['add', 'sub', 'mul', 'div']) named[`arithmetic_${operation}_${suffix}`] = flat(3, STREAMED, [0, 1, 2], size);
  for (const operation of ['scale', 'add_scalar']) named[`arithmetic_${operation}_${suffix}`] = flat(3, STREAMED, [0, 2], size);
  for (const operation of ['exp', 'log', 'tanh', 'erf', 'sin', 'cos', 'sqrt']) named[`elementwise_${operation}_${suffix}`] = flat(2, EVALUATED, [0, 1], size);
  return named;
}

function cutsOf(suffix: 'f32' | 'f64', size: number): Record<string, Cutter> {
  const gradientRows = (classes: number) => rowsHolding(EVALUATED, classes);
  return {
    ...elementwise(suffix, size),
    ...aggregations(suffix, size),
    ...recurrences(suffix, size),
    [`arithmetic_fill_${suffix}`]: flat(2, STREAMED, [0], size),
    [`bias_activation_${suffix}`]: biasActivation(size),
    [`activation_gradient_${suffix}`]: flat(2, STREAMED, [0, 1, 4], size),
    [`bias_gradient_${suffix}`]: biasGradient(`bias_gradient_part_${suffix}`, size),
    [`offset_bias_${suffix}`]: outputs([[0, true], [1, false], [5, false]], 2, size),
    [`offset_weight_gradient_${suffix}`]: outputs([[0, false], [4, true]], 1, size),
    [`loss_cross_entropy_${suffix}`]: crossEntropy(() => SUM_ROWS, true, size),
    [`loss_cross_entropy_gradient_${suffix}`]: crossEntropy(gradientRows, false, size),
    [`loss_mse_${suffix}`]: flat(2, SUM_CHUNK, [0, 1], size),
    [`loss_mse_gradient_${suffix}`]: flat(2, STREAMED, [0, 1, 4], size),
    [`loss_softmax_${suffix}`]: rows(1, 2, [0, 3], size),
    [`loss_log_softmax_${suffix}`]: rows(1, 2, [0, 3], size),
    [`loss_softmax_gradient_${suffix}`]: rows(2, 3, [0, 1, 4], size),
    [`loss_log_softmax_gradient_${suffix}`]: rows(2, 3, [0, 1, 4], size),
    [`divergence_kl_${suffix}`]: divergence(size),
    [`optimizer_adam_${suffix}`]: flat(5, EVALUATED, [0, 1, 2, 3, 4], size),
    [`pooling_max_${suffix}`]: planes(1, [0], [12], [13], size),
    [`pooling_max_gradient_${suffix}`]: planes(2, [8], [0], [1], size),
    [`pooling_average_${suffix}`]: planes(1, [0], [12], [], size),
    [`pooling_average_gradient_${suffix}`]: planes(1, [12], [0], [], size),
    [`pooling_adaptive_average_${suffix}`]: planes(1, [0], [6], [], size),
    [`pooling_adaptive_average_gradient_${suffix}`]: planes(1, [6], [0], [], size),
    [`reduction_sum_${suffix}`]: flat(1, SUM_CHUNK, [0], size),
    [`reduction_sum_squares_${suffix}`]: flat(1, SUM_CHUNK, [0], size),
    [`reduction_dot_${suffix}`]: flat(2, SUM_CHUNK, [0, 1], size),
    [`gemm_pack_${suffix}`]: packing(size),
    [`gemm_tiles_${suffix}`]: tiles(size),
    [`convolution_forward_${suffix}`]: convolutionForward(size),
    [`convolution_input_gradient_${suffix}`]: convolutionInputGradient(size),
    [`convolution_weight_gradient_${suffix}`]: convolutionWeightGradient(`convolution_weight_gradient_group_${suffix}`, size),
  };
}

/** (images, indices, table, output, count, pixels) */
const gather: Cutter = (args) => cutAlong(args, { extent: 4, per: rowsHolding(EVALUATED, args[5]!), pointers: [[1, 4], [3, args[5]! * 4]] });

/** (uniforms, output, batch, resolution, height, width, scratch) */
const perlin: Cutter = (args) => {
  const [, , , resolution, height, width] = args as [number, number, number, number, number, number];
  const nodes = (resolution + 1) * (resolution + 1);
  return cutAlong(args, { extent: 2, per: rowsHolding(EVALUATED, height * width), pointers: [[0, nodes * 4], [1, height * width * 4]], scratch: 6 });
};

/** By kernel. Caller and threads hold the same table: a job names its kernel by the place in it. */
export const CUTS: readonly (readonly [kernel: string, cutter: Cutter])[] = Object.entries({
  ...cutsOf('f32', 4),
  ...cutsOf('f64', 8),
  reduction_argmax_f32: ((args) => cutAlong(args, { extent: 1, per: rowsHolding(EVALUATED, args[2]!), pointers: [[0, args[2]! * 4], [3, 4]] })) as Cutter,
  reduction_argmax_f64: ((args) => cutAlong(args, { extent: 1, per: rowsHolding(EVALUATED, args[2]!), pointers: [[0, args[2]! * 8], [3, 4]] })) as Cutter,
  image_normalize_f32: flat(1, EVALUATED, [0], 4),
  image_gather_f32: gather,
  image_perlin_f32: perlin,
});

export const PLACES: ReadonlyMap<string, number> = new Map(CUTS.map(([name], place) => [name, place]));

/** The cut of a kernel's call, or undefined when the call is not shared. */
export function cutOf(kernel: string, args: readonly number[]): Cut | undefined {
  const place = PLACES.get(kernel);
  return place === undefined ? undefined : CUTS[place]![1](args);
}
