// One unit of every linear layer of the tightness experiment's first network: its analytic moments, and how its samples are spread.
import type { Core } from '../../core/index.js';
import { adfJoint, NormalSampler } from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import { scale, Stepper } from '../../tensor/index.js';
import { drawGaussianInput } from './gaussian-input.js';
import { drawNetwork } from './random-network.js';
import { batchSize } from './referee.js';
import type { TightnessConfig } from './tightness.js';

/** How the samples of a layer's unit are spread, and the Gaussian that moment propagation claims for it. */
export interface LayerDensity {
  /** 1 for the first linear layer. */
  layer: number;
  /** The unit of largest variance. */
  unit: number;
  mean: number;
  variance: number;
  /** Lower edge of the first bin, and the bins' width; they cover 4 deviations to either side. */
  from: number;
  width: number;
  /** Samples in each bin; others lie outside. */
  counts: Float64Array;
  samples: number;
}

/** Deviations that the bins cover to either side of the mean. */
const COVERED = 4;

/** Largest of some variances. */
function placeOfLargest(variances: Float64Array): number {
  return variances.reduce((best, value, place) => (value > variances[best]! ? place : best), 0);
}

function emptyDensity(layer: number, unit: number, mean: number, variance: number, bins: number): LayerDensity {
  const deviation = Math.sqrt(Math.max(0, variance));
  return { layer, unit, mean, variance, from: mean - COVERED * deviation, width: (2 * COVERED * deviation) / bins, counts: new Float64Array(bins), samples: 0 };
}

function countValues(density: LayerDensity, values: ArrayLike<number>, features: number): void {
  for (let at = density.unit; at < values.length; at += features) {
    const bin = Math.floor((values[at]! - density.from) / density.width);
    if (bin >= 0 && bin < density.counts.length) density.counts[bin]!++;
    density.samples++;
  }
}

/**
 * Draws the network and the input that the run of `config` begins with, and samples by a stream of its own; yields all layers after
 * every batch of samples, so that they can be watched. It takes nothing from the run's own stream.
 * @param sigma multiple of the input's standard deviations
 * @throws RangeError when memory is exhausted
 */
export function* layerDensities(core: Core, config: TightnessConfig, { sigma, samples, bins }: { sigma: number; samples: number; bins: number }): Iterable<readonly LayerDensity[]> {
  const { dims, num_layers, no_first_bias, zero_mean, seed } = config;
  const [drawing, sampling] = [new Generator(core, seed), new Generator(core, seed + 1_000_003)];
  const stepper = new Stepper(core);
  const drawn = drawNetwork(core, drawing, Array.from({ length: num_layers + 1 }, () => dims), !no_first_bias);
  const network = drawn.network('exact');
  const { densities, sampler } = stepper.step((tape) => {
    const input = drawGaussianInput(tape, drawing, dims, 1, zero_mean);
    const covariance = scale(tape, input.covariance, sigma * sigma);
    const found = Array.from({ length: num_layers }, (_, index) => {
      const moments = adfJoint(tape, network.slice(0, 2 * index + 1), { mean: input.mean, covariance });
      const values = moments.covariance.toArray();
      const variances = Float64Array.from({ length: dims }, (_each, unit) => values[unit * (dims + 1)]!);
      const unit = placeOfLargest(variances);
      return emptyDensity(index + 1, unit, moments.mean.toArray()[unit]!, variances[unit]!, bins);
    });
    return { densities: found, sampler: new NormalSampler(input.mean.toArray(), covariance.view([dims, dims])) };
  }, { record: false });
  try {
    for (let done = 0; done < samples;) {
      const rows = Math.min(batchSize(Math.ceil(samples / 10), dims * num_layers * 2), samples - done);
      stepper.step((tape) => {
        let values = sampler.draw(tape, sampling, rows);
        network.layers.forEach((layer, place) => {
          values = layer.forward(tape, values, network.shapes[place]!);
          if (place % 2 === 0) countValues(densities[place / 2]!, values.data, dims);
        });
      }, { record: false });
      done += rows;
      yield densities;
    }
  } finally {
    sampler.dispose();
    stepper.dispose();
    drawn.dispose();
    drawing.dispose();
    sampling.dispose();
  }
}
