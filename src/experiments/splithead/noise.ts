// Batches of synthetic images, drawn and shaped as the original's sample_noise.
import { MNIST_DEVIATION, MNIST_MEAN } from '../../data/index.js';
import type { Generator } from '../../random/index.js';
import type { Tape, Tensor } from '../../tensor/index.js';
import type { NetworkInput } from '../network.js';

export interface NoiseOptions {
  distribution: 'uniform' | 'normal' | 'perlin';
  /** Grid cells per side of Perlin noise. */
  resolution: number;
  /** Apply MNIST's mean and deviation. */
  normalize: boolean;
}

const SIDE = 28;

function samplePerlin(tape: Tape, generator: Generator, images: Tensor, resolution: number): void {
  const { core } = tape;
  const batch = images.shape[0]!;
  const uniforms = tape.empty([batch, resolution + 1, resolution + 1], 'float32', 'Perlin grid');
  generator.fillRand(uniforms);
  const scratch = core.scratch(core.kernels.image_perlin_scratch(resolution, SIDE, SIDE), 'Perlin noise');
  core.kernels.image_perlin_f32(uniforms.pointer, images.pointer, batch, resolution, SIDE, SIDE, scratch);
}

/** 2 r - 1, which is exact for r of 24 bits: the values of fillUniform(-1, 1) in a third of its time. */
function sampleUniform(generator: Generator, images: Tensor): void {
  const { kernels } = images.core;
  generator.fillRand(images);
  kernels.arithmetic_scale_f32(images.pointer, 2, images.pointer, images.size);
  kernels.arithmetic_add_scalar_f32(images.pointer, -1, images.pointer, images.size);
}

/** Draws images [batch, 784] float32: uniform on [-1, 1), standard normal, or Perlin scaled to at most 1. */
export function sampleNoise(tape: Tape, generator: Generator, batch: number, options: NoiseOptions): NetworkInput {
  const images = tape.empty([batch, SIDE * SIDE], 'float32', 'noise images');
  if (options.distribution === 'uniform') sampleUniform(generator, images);
  else if (options.distribution === 'normal') generator.fillNormal(images, 0, 1);
  else samplePerlin(tape, generator, images, options.resolution);
  if (options.normalize) tape.core.kernels.image_normalize_f32(images.pointer, images.size, MNIST_MEAN, MNIST_DEVIATION);
  return { pixels: images };
}
