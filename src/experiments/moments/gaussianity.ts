// The notebook's "Gaussianity test of the output of each layer": how far from Gaussian every unit is under a Gaussian input.
import type { Core } from '../../core/index.js';
import type { ImageDataset } from '../../data/index.js';
import { definite } from '../../moments/random-matrices.js';
import { NormalSampler } from '../../moments/monte-carlo.js';
import type { MomentNetwork } from '../../moments/network.js';
import { Generator } from '../../random/index.js';
import { Stepper, type Tape, type Tensor } from '../../tensor/index.js';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, field as f, folder, orNone, positiveNumber, restricted, textOrNone, whole, wholeNumber, widths, withDefault } from '../field-types.js';
import { finished, type Column, type MomentEvent, type TableRow } from './events.js';
import { layerName, rowOf, testUnits, UnitTable, type GaussianityRow } from './gaussian-units.js';
import { pixelFields, pixelsOf, requireImageNetwork, requireImages, type LoadedNetwork } from './loaded-network.js';
import { drawNetwork } from './random-network.js';
import { batchSize } from './referee.js';

const network = 'Network';
const input = 'Input';

export const gaussianityFields = {
  model: f(textOrNone, network, 'FILE', 'a network file', 'network file: layers in JSON; default: a random one of --dims'),
  dims: f(withDefault(restricted(widths, (list) => list.length >= 2), [1, 2, 4, 15, 50, 500]), network, 'LIST', 'at least two whole numbers of at least 1, separated by commas', 'features of the input and of each linear layer, with ReLU between them'),

  image: f(orNone(wholeNumber(0)), input, 'INDEX', count(0), "mean of the input: that training image of MNIST; default: a normal draw"),
  sigma: f(orNone(restricted(positiveNumber, (value) => value > 0)), input, 'X', 'a finite number above 0', "the covariance's Frobenius norm is sigma^2 (default: 64 about an image, else 0.3)"),
  covariance: f(choice(['definite', 'diagonal'], 'definite'), input, 'KIND', 'definite or diagonal', 'definite: a random one; diagonal: equal variances, uncorrelated'),
  count: f(whole(20, 1000), input, 'N', count(20), 'samples'),
  seed: f(whole(0, 1), input, 'N', count(0), 'seed of the network, the input and the samples (with 0 the default network is constant)'),

  data_dir: f(folder('./MNIST'), 'Data', 'DIR', 'a folder', 'folder with MNIST (torchvision layout or flat); it is found without it', { cosmetic: true }),
  ...pixelFields,
  out_dir: f(folder('./outputs/moments/gaussianity'), 'Data', 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

type Given = ValuesOf<typeof gaussianityFields>;
/** A resolved configuration: sigma is filled in. */
export type GaussianityConfig = Omit<Given, 'sigma'> & { sigma: number };

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveGaussianityConfig(values: Record<string, unknown>, source = 'configuration'): GaussianityConfig {
  const config = resolveFields(gaussianityFields, values, source);
  if (config.image !== null && config.model === null) throw new ConfigurationError(`--image: expected a --model that takes images with it, got image ${config.image} and no model`);
  return { ...config, sigma: config.sigma ?? (config.image === null ? 0.3 : 64) };
}

export const GAUSSIANITY_COLUMNS: readonly Column[] = [
  { name: 'layer', kind: 'whole' }, { name: 'kind', kind: 'text' }, { name: 'units', kind: 'whole' }, { name: 'constant', kind: 'whole' },
  ...['mean_fit', 'mean_fit_varying', 'skewness_rejected', 'kurtosis_rejected', 'normality_rejected'].map((name) => ({ name, kind: 'float' as const })),
];

export const FITS_COLUMNS: readonly Column[] = [
  { name: 'layer', kind: 'whole' }, { name: 'kind', kind: 'text' }, { name: 'from', kind: 'float' }, { name: 'to', kind: 'float' }, { name: 'units', kind: 'whole' },
];

/** What the configuration names. */
export interface GaussianityData {
  model: LoadedNetwork | undefined;
  /** Where `image` is looked up. */
  images: ImageDataset | undefined;
}

/** Mean [n]: an image, or float32 normals as the notebook's `torch.randn(1, n)`. */
function meanOf(tape: Tape, generator: Generator, n: number, config: GaussianityConfig, images: ImageDataset | undefined): Float64Array {
  const { image } = config;
  if (image !== null) return Float64Array.from(pixelsOf(images!, image, image + 1, config));
  return Float64Array.from(generator.fillNormal(tape.empty([1, n], 'float32', 'mean'), 0, 1).toArray());
}

function covarianceOf(tape: Tape, generator: Generator, n: number, { covariance, sigma }: GaussianityConfig): Tensor {
  if (covariance === 'definite') return definite(tape, generator, n, { norm: sigma * sigma });
  const variance = (sigma * sigma) / Math.sqrt(n);
  return tape.from(Float64Array.from({ length: n * n }, (_, place) => (place % (n + 1) === 0 ? variance : 0)), [n, n], 'float64', 'covariance');
}

/** Samples pass through a network a batch at a time; what lies between is plain memory, 8 bytes a value. */
class SamplePass {
  readonly #count: number;
  readonly #stepper: Stepper;

  constructor(core: Core, samples: number) {
    this.#count = samples;
    this.#stepper = new Stepper(core);
  }

  /** [count, width], each batch of rows made by `make`; `widest` is the most values of a sample while it is made. */
  collect(width: number, widest: number, make: (tape: Tape, start: number, end: number) => Tensor): Float64Array {
    const values = new Float64Array(this.#count * width);
    for (let start = 0; start < this.#count;) {
      const end = start + Math.min(batchSize(this.#count, widest), this.#count - start);
      values.set(this.#stepper.step((tape) => make(tape, start, end).toArray(), { record: false }), start * width);
      start = end;
    }
    return values;
  }

  /** The input: mean and covariance are drawn, then the samples. */
  draw(generator: Generator, n: number, config: GaussianityConfig, images: ImageDataset | undefined): Float64Array {
    const sampler = this.#stepper.step((tape) => {
      const mean = meanOf(tape, generator, n, config, images);
      return new NormalSampler(mean, covarianceOf(tape, generator, n, config));
    }, { record: false });
    try {
      return this.collect(n, 2 * n, (tape, start, end) => sampler.draw(tape, generator, end - start));
    } finally {
      sampler.dispose();
    }
  }

  /** values [count, inputs] -> [count, outputs] */
  through(layer: MomentNetwork, values: Float64Array): Float64Array {
    const { inputs, outputs } = layer;
    return this.collect(outputs, inputs + outputs, (tape, start, end) =>
      layer.forward(tape, tape.from(values.subarray(start * inputs, end * inputs), [end - start, inputs], 'float64', 'samples')));
  }

  dispose(): void {
    this.#stepper.dispose();
  }
}

/**
 * Tests every unit of every layer but `flatten`; beside the layers' table, `fits` has the histogram of each layer's fits.
 * Its memory is 8 bytes for each sample of a layer's inputs and outputs, at the layer where they are most.
 * @throws ConfigurationError when network and image do not fit; RangeError when memory is exhausted
 */
export async function* runGaussianity(core: Core, config: GaussianityConfig, { model, images }: GaussianityData): AsyncGenerator<MomentEvent<GaussianityRow>> {
  const generator = new Generator(core, config.seed);
  const drawn = model === undefined ? drawNetwork(core, generator, config.dims) : undefined;
  const whole = model?.network ?? drawn!.network('exact');
  const pass = new SamplePass(core, config.count);
  try {
    if (config.image !== null) {
      requireImageNetwork('--model', whole);
      requireImages('--image', images!, config.image, images!.count - 1);
    }
    const tested = whole.layers.map(({ kind }, index) => (kind === 'flatten' ? 0 : whole.sizes[index + 1]!));
    const total = tested.reduce((sum, units) => sum + units, 0);
    yield { type: 'started', total, title: `${total} units of ${tested.filter((units) => units > 0).length} layers, ${config.count} samples, covariance of norm ${config.sigma * config.sigma}` };
    const rows: GaussianityRow[] = [], fits: TableRow[] = [];
    let done = 0;
    let values = pass.draw(generator, whole.inputs, config, images);
    for (const [index, layer] of whole.layers.entries()) {
      values = pass.through(whole.slice(index, index + 1), values);
      if (layer.kind === 'flatten') continue;
      const [name, table] = [layerName(layer), new UnitTable(values, config.count)];
      const units = [];
      for (const unit of testUnits(core, table)) {
        units.push(unit);
        if (++done % 500 === 0) yield { type: 'progress', done, total, note: `layer ${index}: ${name}` };
      }
      const { row, histogram } = rowOf(index, name, units);
      rows.push(row);
      fits.push(...histogram);
      yield { type: 'row', row };
    }
    yield await finished(GAUSSIANITY_COLUMNS, rows, [{ name: 'fits', columns: FITS_COLUMNS, rows: fits }]);
  } finally {
    pass.dispose();
    drawn?.dispose();
    generator.dispose();
  }
}
