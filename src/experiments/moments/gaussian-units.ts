// Tests of a layer's units, each by itself, from samples of the layer.
import type { Core } from '../../core/index.js';
import { fitGaussian } from '../../moments/gaussianity.js';
import type { activationLayer } from '../../moments/layers-activation.js';
import type { Layer } from '../../moments/layers.js';
import { ascending, histogramBins, hypothesisTest, kurtosisTest, skewnessTest } from '../../moments/statistics.js';
import type { TableRow } from './events.js';

/** Below this standard deviation a unit counts as constant, and its fit as 0 (the notebook's `std_threshold`). */
const LEAST_DEVIATION = 1e-5;
const SIGNIFICANCE = 0.05;
const LEAST_BINS = 50;
const MOST_BINS = 200;

export interface GaussianityRow extends TableRow {
  /** Place in the network. */
  layer: number;
  kind: string;
  units: number;
  /** Units that do not vary. */
  constant: number;
  /** Mean over all units of the area that histogram and fitted Gaussian share; constant units count as 0, as in the notebook. */
  mean_fit: number;
  /** The same over the units that vary; NaN where there are none. */
  mean_fit_varying: number;
  /** Part of the varying units whose test says p < 0.05: D'Agostino's of skewness, Anscombe and Glynn's of kurtosis, and both together. */
  skewness_rejected: number;
  kurtosis_rejected: number;
  normality_rejected: number;
}

/** Samples [count, units], a unit's at a time. */
export class UnitTable {
  readonly units: number;
  readonly #values: Float64Array;
  readonly #count: number;

  constructor(values: Float64Array, samples: number) {
    this.#values = values;
    this.#count = samples;
    this.units = values.length / samples;
  }

  column(unit: number): Float64Array {
    const column = new Float64Array(this.#count);
    for (let row = 0, at = unit; row < this.#count; row++, at += this.units) column[row] = this.#values[at]!;
    return column;
  }
}

/** What is found of one unit; undefined for one that does not vary. */
export interface UnitTest {
  readonly fit: number;
  readonly skewness: number;
  readonly kurtosis: number;
  readonly normality: number;
}

/** The fit and the tests' p-values of every unit, in order. */
export function* testUnits(core: Core, table: UnitTable): Iterable<UnitTest | undefined> {
  for (let unit = 0; unit < table.units; unit++) {
    const samples = table.column(unit);
    const { std, similarity } = fitGaussian(core, samples);
    yield std < LEAST_DEVIATION ? undefined : {
      fit: similarity, skewness: skewnessTest(core, samples).pValue, kurtosis: kurtosisTest(core, samples).pValue, normality: hypothesisTest(core, samples).pValue,
    };
  }
}

/** `conv2d`, `relu`: as network files name it, without options. */
export function layerName(layer: Layer): string {
  return layer.kind === 'activation' ? (layer as ReturnType<typeof activationLayer>).activation.name.split(':')[0]! : layer.kind;
}

/** Units by their fit, from 0 to 1: Freedman and Diaconis's bins, from 50 to 200. */
function histogramOf(layer: number, kind: string, fits: Float64Array): TableRow[] {
  const bins = Math.min(MOST_BINS, histogramBins(ascending(fits), LEAST_BINS));
  const counts = new Array<number>(bins).fill(0);
  for (const fit of fits) counts[Math.min(bins - 1, Math.floor(fit * bins))]!++;
  return counts.map((units, bin) => ({ layer, kind, from: bin / bins, to: (bin + 1) / bins, units }));
}

/** The layer's row, and its histogram of fits. */
export function rowOf(layer: number, kind: string, units: readonly (UnitTest | undefined)[]): { row: GaussianityRow; histogram: TableRow[] } {
  const varying = units.filter((unit) => unit !== undefined);
  const fits = Float64Array.from(units, (unit) => unit?.fit ?? 0);
  const total = fits.reduce((sum, fit) => sum + fit, 0);
  const rejected = (test: 'skewness' | 'kurtosis' | 'normality') => varying.filter((unit) => unit[test] < SIGNIFICANCE).length / varying.length;
  const row = {
    layer, kind, units: units.length, constant: units.length - varying.length, mean_fit: total / units.length, mean_fit_varying: total / varying.length,
    skewness_rejected: rejected('skewness'), kurtosis_rejected: rejected('kurtosis'), normality_rejected: rejected('normality'),
  };
  return { row, histogram: histogramOf(layer, kind, fits) };
}
