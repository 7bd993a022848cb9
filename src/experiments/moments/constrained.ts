// The notebook's "variance tightness with similar computation constraints": two-stage linearisation takes as many passes
// through the network as its input has features; is Monte Carlo with that many samples nearer to the variance?
import type { Core } from '../../core/index.js';
import { diagonal, NormalSampler, RunningMoments, twoStage, type MomentNetwork } from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import { Stepper } from '../../tensor/index.js';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, field as f, folder, positiveNumber, restricted, whole, withDefault } from '../field-types.js';
import { meanAbsolute, meanDifference } from './errors.js';
import { finished, type Column, type MomentEvent, type TableRow } from './events.js';
import { drawGaussianInput } from './gaussian-input.js';
import { drawNetwork, type RandomNetwork } from './random-network.js';
import { examine } from './referee.js';

const network = 'Network and input';
const referee = 'Referee and seed';

export const constrainedFields = {
  smallest: f(whole(2, 2), network, 'N', count(2), 'features of the first input and output; doubled up to --largest'),
  largest: f(whole(2, 1024), network, 'N', count(2), 'bound on them (the notebook goes to 4096)'),
  dim: f(whole(1, 100), network, 'N', count(1), 'features of the layers between'),
  layers: f(whole(2, 3), network, 'N', count(2), 'linear layers, with ReLU between them'),
  sigma: f(withDefault(restricted(positiveNumber, (value) => value > 0), 1), network, 'X', 'a finite number above 0', 'the means are normal with that deviation, the covariance has norm sigma^2'),
  relu: f(choice(['pasted', 'exact'], 'pasted'), network, 'NAME', 'pasted or exact', "covariance of ReLU in the two stages: network_moments' or the exact one"),
  count: f(whole(2, 10_000), referee, 'N', count(2), 'samples of the Monte Carlo estimate that both are measured by'),
  repeats: f(whole(1, 10), referee, 'N', count(1), 'estimates from few samples for each dimension; the error is their mean'),
  seed: f(whole(0, 0), referee, 'N', count(0), 'seed of networks, inputs and samples'),
  out_dir: f(folder('./outputs/moments/constrained'), referee, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type ConstrainedConfig = ValuesOf<typeof constrainedFields>;

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveConstrainedConfig(values: Record<string, unknown>, source = 'configuration'): ConstrainedConfig {
  const config = resolveFields(constrainedFields, values, source);
  if (config.largest < config.smallest) throw new ConfigurationError(`--largest: expected at least --smallest, ${config.smallest}, got ${config.largest}`);
  return config;
}

export interface ConstrainedRow extends TableRow {
  dims: number;
  /** Mean absolute error of the outputs' variances, from `dims` samples. */
  monte_carlo_error: number;
  /** The same of two-stage linearisation. */
  two_stage_error: number;
  /** Mean standard error of the variances that both are measured by. */
  referee_error: number;
}

const NUMBERS = ['monte_carlo_error', 'two_stage_error', 'referee_error'] as const;

export const CONSTRAINED_COLUMNS: readonly Column[] = [{ name: 'dims', kind: 'whole' }, ...NUMBERS.map((name) => ({ name, kind: 'float' as const }))];

/** Variances of the network's outputs and their standard errors, from `count` samples. */
function estimate(core: Core, whole: MomentNetwork, sampler: NormalSampler, generator: Generator, count: number, dim: number) {
  const moments = new RunningMoments(core, whole.outputs);
  try {
    const batches = examine(core, sampler, generator, count, whole.inputs + whole.outputs + 4 * dim, [{ moments, transform: (tape, samples) => whole.forward(tape, samples) }]);
    for (const _ of batches) void _;
    const { variance, varianceError } = moments.estimate();
    return { variance, varianceError };
  } finally {
    moments.dispose();
  }
}

/** What two-stage linearisation says of an input, and its samples. */
function claim(core: Core, generator: Generator, drawn: RandomNetwork, { sigma, relu }: ConstrainedConfig) {
  const stepper = new Stepper(core);
  try {
    return stepper.step((tape) => {
      const whole = drawn.network(relu as 'pasted' | 'exact');
      const { mean, covariance } = drawGaussianInput(tape, generator, whole.inputs, sigma);
      const moments = twoStage(tape, whole, { mean, covariance }, { activation: drawn.lastActivation });
      const sampler = new NormalSampler(mean.toArray(), covariance.view([whole.inputs, whole.inputs]));
      return { variance: diagonal(tape, moments.covariance).toArray() as Float64Array, sampler };
    }, { record: false });
  } finally {
    stepper.dispose();
  }
}

function measure(core: Core, generator: Generator, dims: number, config: ConstrainedConfig): ConstrainedRow {
  const { dim, layers, count: samples, repeats } = config;
  const drawn = drawNetwork(core, generator, [dims, ...Array.from({ length: layers - 1 }, () => dim), dims]);
  const { variance: claimed, sampler } = claim(core, generator, drawn, config);
  try {
    const whole = drawn.network('exact');
    const { variance, varianceError } = estimate(core, whole, sampler, generator, samples, dim);
    let total = 0;
    for (let repeat = 0; repeat < repeats; repeat++) total += meanDifference(estimate(core, whole, sampler, generator, dims, dim).variance, variance);
    return { dims, monte_carlo_error: total / repeats, two_stage_error: meanDifference(claimed, variance), referee_error: meanAbsolute(varianceError) };
  } finally {
    sampler.dispose();
    drawn.dispose();
  }
}

/** Computes the table, a row for each dimension. @throws RangeError when memory is exhausted */
export async function* runConstrained(core: Core, config: ConstrainedConfig): AsyncGenerator<MomentEvent<ConstrainedRow>> {
  const all: number[] = [];
  for (let dims = config.smallest; dims <= config.largest; dims *= 2) all.push(dims);
  yield { type: 'started', total: all.length, title: `two stages against as many samples as features: ${all.join(', ')}` };
  const generator = new Generator(core, config.seed);
  const rows: ConstrainedRow[] = [];
  try {
    for (const dims of all) {
      const row = measure(core, generator, dims, config);
      rows.push(row);
      yield { type: 'progress', done: rows.length, total: all.length, note: `${dims}` };
      yield { type: 'row', row };
    }
    yield await finished(CONSTRAINED_COLUMNS, rows);
  } finally {
    generator.dispose();
  }
}
