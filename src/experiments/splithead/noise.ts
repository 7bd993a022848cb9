// Batches of synthetic images, drawn and shaped as the original's sample_noise.
import type { Generator } from '../../random/index.js';
import type { Tape, Tensor } from '../../tensor/index.js';
import type { ModelInput } from './model.js';

export interface NoiseOptions {
  distribution: 'uniform' | 'normal' | 'perlin';
  /** Grid cells per side of Perlin noise. */
  resolution: number;
  /** Apply MNIST's mean and deviation. */
  normalize: boolean;
}

const SIDE = 28;
const MEAN = 0.1307;
const DEVIATION = 0.3081;

function samplePerlin(tape: Tape, generator: Generator, images: Tensor, resolution: number): void {
  const { core } = tape;
  const batch = images.shape[0]!;
  const uniforms = tape.empty([batch, resolution + 1, resolution + 1], 'float32', 'Perlin grid');
  generator.fillRand(uniforms);
  const scratch = core.scratch(core.kernels.image_perlin_scratch(resolution, SIDE, SIDE), 'Perlin noise');
  core.kernels.image_perlin_f32(uniforms.pointer, images.pointer, batch, resolution, SIDE, SIDE, scratch);
}

/** Draws images [batch, 784] float32: uniform on [-1, 1), standard normal, or Perlin scaled to at most 1. */
export function sampleNoise(tape: Tape, generator: Generator, batch: number, options: NoiseOptions): ModelInput {
  const images = tape.empty([batch, SIDE * SIDE], 'float32', 'noise images');
  if (options.distribution === 'uniform') generator.fillUniform(images, -1, 1);
  else if (options.distribution === 'normal') generator.fillNormal(images, 0, 1);
  else samplePerlin(tape, generator, images, options.resolution);
  if (options.normalize) tape.core.kernels.image_normalize_f32(images.pointer, images.size, MEAN, DEVIATION);
  return { pixels: images };
}
