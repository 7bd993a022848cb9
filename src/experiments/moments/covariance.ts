// The notebook's "covariance of ReLU for general Gaussian input": which of four makeshifts is nearest, and the exact one.
import type { Core } from '../../core/index.js';
import { activationMoments, NormalSampler, RunningMoments, withDiagonal, type Joint } from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import { relu, Stepper, type Tape } from '../../tensor/index.js';
import { resolveFields, type ValuesOf } from '../configuration.js';
import { count, field as f, folder, positiveNumber, restricted, whole, withDefault } from '../field-types.js';
import { finished, progressOf, type Column, type MomentEvent, type TableRow } from './events.js';
import { drawGaussianInput } from './gaussian-input.js';
import { meanAbsolute, meanDifference } from './errors.js';
import { examine } from './referee.js';

const input = 'Input';

export const covarianceFields = {
  n: f(whole(1, 100), input, 'N', count(1), 'features of the Gaussian input'),
  sigma: f(withDefault(restricted(positiveNumber, (value) => value > 0), 100), input, 'X', 'a finite number above 0', 'its means are normal with that deviation, its covariance has norm sigma^2'),
  count: f(whole(2, 100_000), 'Referee and seed', 'N', count(2), 'samples of the Monte Carlo estimate'),
  seed: f(whole(0, 0), 'Referee and seed', 'N', count(0), 'seed of means, covariance and samples'),
  out_dir: f(folder('./outputs/moments/covariance'), 'Referee and seed', 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type CovarianceConfig = ValuesOf<typeof covarianceFields>;

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveCovarianceConfig(values: Record<string, unknown>, source = 'configuration'): CovarianceConfig {
  return resolveFields(covarianceFields, values, source);
}

export interface CovarianceRow extends TableRow {
  variant: string;
  /** Mean absolute difference from the Monte Carlo covariance, over all n^2 entries. */
  error: number;
  /** The same over the n variances. */
  variance_error: number;
  /** Mean standard error of the Monte Carlo covariance's entries. */
  referee_error: number;
}

export const COVARIANCE_COLUMNS: readonly Column[] = [
  { name: 'variant', kind: 'text' }, { name: 'error', kind: 'float' }, { name: 'variance_error', kind: 'float' }, { name: 'referee_error', kind: 'float' },
];

const COVARIANCE_OF = (kind: string) => (tape: Tape, joint: Joint) => activationMoments(`relu:covariance=${kind}`).joint(tape, joint).covariance;

/** The notebook's names: copy the input's covariance or use the zero-mean formula; replace the diagonal by the exact variances or do not. */
const VARIANTS = {
  copy: (_tape: Tape, { covariance }: Joint) => covariance,
  'copy and replace': (tape: Tape, { mean, covariance, variance }: Joint & { variance: Joint['mean'] }) =>
    withDiagonal(tape, covariance, activationMoments('relu').marginals(tape, { mean, variance }).variance),
  neither: COVARIANCE_OF('zero-mean'),
  replace: COVARIANCE_OF('pasted'),
  exact: COVARIANCE_OF('exact'),
};

const diagonalOf = (values: Float64Array, n: number) => Float64Array.from({ length: n }, (_, i) => values[i * n + i]!);

/** Computes the table. @throws RangeError when memory is exhausted */
export async function* runCovariance(core: Core, { n, sigma, count: samples, seed }: CovarianceConfig): AsyncGenerator<MomentEvent<CovarianceRow>> {
  yield { type: 'started', total: samples, title: `ReLU of ${n} features against ${samples} samples` };
  const generator = new Generator(core, seed);
  const stepper = new Stepper(core);
  const moments = new RunningMoments(core, n, { covariance: true });
  const computed = stepper.step((tape) => {
    const drawn = drawGaussianInput(tape, generator, n, sigma);
    const found = Object.entries(VARIANTS).map(([variant, make]) => ({ variant, covariance: make(tape, drawn).toArray() as Float64Array }));
    return { found, sampler: new NormalSampler(drawn.mean.toArray(), drawn.covariance.view([n, n])) };
  }, { record: false });
  try {
    const witness = { moments, transform: relu };
    yield* progressOf(examine(core, computed.sampler, generator, samples, n, [witness]), 0, samples);
    const { covariance, covarianceError } = moments.estimate();
    const rows = computed.found.map((each): CovarianceRow => ({
      variant: each.variant, error: meanDifference(each.covariance, covariance!),
      variance_error: meanDifference(diagonalOf(each.covariance, n), diagonalOf(covariance!, n)), referee_error: meanAbsolute(covarianceError!),
    }));
    for (const row of rows) yield { type: 'row', row };
    yield await finished(COVARIANCE_COLUMNS, rows);
  } finally {
    computed.sampler.dispose();
    moments.dispose();
    stepper.dispose();
    generator.dispose();
  }
}
