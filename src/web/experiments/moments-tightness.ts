import { layerDensities, type LayerDensity, type TightnessConfig, type TightnessRow } from '../../experiments/moments/index.js';
import { tightnessExperiment } from '../../runs/moments-tightness.js';
import { point, type RunEvent, type RunPlace } from '../experiment.js';
import type { Histogram, Panel } from '../plots.js';
import { momentExperiment } from './moments.js';

const SAMPLES = 100_000;
const BINS = 60;

/** Density of the normal distribution: for the picture only. */
function normalDensity(x: number, mean: number, variance: number): number {
  return Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
}

function histogramOf({ unit, mean, variance, from, width, counts, samples }: LayerDensity): Histogram {
  const density = Array.from(counts, (_, bin) => normalDensity(from + (bin + 0.5) * width, mean, variance));
  return {
    kind: 'histogram', from, width, bars: Array.from(counts, (count) => count / (samples * width)), density,
    note: `Unit ${unit + 1}: mean ${mean.toPrecision(3)}, variance ${variance.toPrecision(3)}; ${samples} samples.`,
  };
}

function* showDensities(place: RunPlace, config: TightnessConfig): Iterable<RunEvent> {
  for (const densities of layerDensities(place.core, config, { sigma: config.sigmas[0]!, samples: SAMPLES, bins: BINS })) {
    for (const density of densities) if (density.width > 0) yield { type: 'plot', panel: `layer ${density.layer}`, change: histogramOf(density) };
    yield { type: 'progress', done: 0, note: 'densities of the layers' };
  }
}

function layerPanels({ num_layers, sigmas }: TightnessConfig): Panel[] {
  return Array.from({ length: num_layers }, (_, index) => ({
    id: `layer ${index + 1}`, kind: 'histogram', title: `Layer ${index + 1}`, x: 'value', y: 'density',
    description: `Samples of the unit of largest variance in linear layer ${index + 1} as a histogram, the Gaussian that moment propagation gives it as a curve; sigma ${sigmas[0]}.`,
  }));
}

const errors = { kind: 'curves', x: 'sigma', y: 'mean absolute error', logarithmic: true, marked: true } as const;

export const tightness = momentExperiment(tightnessExperiment, {
  title: 'Moments: tightness',
  sentence: 'Mean and variance of a network’s outputs by formula, against as many samples as you like, while the input widens.',
  presets: [
    { name: 'The notebook’s default', sentence: 'Five layers of two, ten million samples; some minutes.', values: {} },
    { name: 'One minute', sentence: 'Four layers of four, 300,000 samples.', values: { num_layers: 4, dims: 4, samples_count: 300_000, sigmas: [1, 2, 4, 8] } },
    { name: 'Wide layers', sentence: 'Wide layers are nearly Gaussian.', values: { num_layers: 3, dims: 64, samples_count: 20_000, sigmas: [1, 4] } },
    { name: 'Mean zero', sentence: 'An input of mean 0, without a first bias.', values: { zero_mean: true, no_first_bias: true, samples_count: 300_000 } },
  ],
  panels: (config) => [
    ...layerPanels(config),
    { id: 'mean', title: 'Errors of the mean', description: 'Error of each method’s mean against Monte Carlo, by sigma.', ...errors },
    { id: 'variance', title: 'Errors of the variance', description: 'Error of each method’s variance against Monte Carlo, by sigma.', ...errors },
  ],
  before: showDensities,
  *showRow({ sigma, method, mean_error, variance_error }: TightnessRow) {
    yield point('mean', method, sigma, mean_error);
    yield point('variance', method, sigma, variance_error);
  },
  figures: ({ rows }) => rows.filter(({ sigma }) => sigma === rows[0]!.sigma).map(({ method, variance_error }) => ({ name: `${method}: variance error at sigma ${rows[0]!.sigma}`, value: variance_error.toPrecision(4) })),
});
