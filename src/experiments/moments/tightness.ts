// The notebook's "ADF vs two-stage vs one-stage linearization tightness": errors of mean and variance as the input widens.
import type { Core } from '../../core/index.js';
import {
  adf, adfJoint, diagonal, NormalSampler, oneStage, RunningMoments, twoStage, type Joint, type Marginals, type MomentEstimate, type MomentNetwork,
} from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import { linear, scale, Stepper, type Tape } from '../../tensor/index.js';
import { resolveFields, type ValuesOf } from '../configuration.js';
import { count, field as f, folder, positiveNumbers, switchedOff, whole } from '../field-types.js';
import { meanAbsolute, meanDifference } from './errors.js';
import { finished, progressOf, type Column, type MomentEvent, type TableRow } from './events.js';
import { drawGaussianInput, type GaussianInput } from './gaussian-input.js';
import { drawNetwork, type RandomNetwork } from './random-network.js';
import { examine, type Witness } from './referee.js';

const network = 'Network and input';
const referee = 'Referee and seed';

export const tightnessFields = {
  num_layers: f(whole(2, 5), network, 'N', count(2), 'linear layers, with ReLU between them'),
  dims: f(whole(1, 2), network, 'N', count(1), 'features of the input and of every layer'),
  no_first_bias: f(switchedOff, network, undefined, 'true or false', 'a first layer without bias'),
  zero_mean: f(switchedOff, network, undefined, 'true or false', 'an input of mean 0'),
  sigmas: f(positiveNumbers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), network, 'LIST', 'numbers above 0, separated by commas', "multiples of the input's standard deviations"),
  networks: f(whole(1, 1), network, 'N', count(1), 'networks with an input each, drawn one after the other; errors are their means'),
  samples_count: f(whole(2, 10_000_000), referee, 'N', count(2), 'samples of the Monte Carlo estimate, the same for every sigma'),
  seed: f(whole(0, 0), referee, 'N', count(0), 'seed of networks, inputs and samples'),
  out_dir: f(folder('./outputs/moments/tightness'), referee, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type TightnessConfig = ValuesOf<typeof tightnessFields>;

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveTightnessConfig(values: Record<string, unknown>, source = 'configuration'): TightnessConfig {
  return resolveFields(tightnessFields, values, source);
}

/** Means and variances [n] that a method gives. */
interface Claim {
  mean: Float64Array;
  variance: Float64Array;
}

function claimOf(tape: Tape, moments: Joint | Marginals): Claim {
  const variance = 'covariance' in moments ? diagonal(tape, moments.covariance) : moments.variance;
  return { mean: moments.mean.toArray() as Float64Array, variance: variance.toArray() as Float64Array };
}

type Method = (tape: Tape, drawn: RandomNetwork, input: GaussianInput) => Joint | Marginals;

const marginalsOf = (tape: Tape, { mean, covariance }: Joint): Marginals => ({ mean, variance: diagonal(tape, covariance) });

/** The full covariance reaches the last ReLU; from there on variances alone are kept. */
const twoStageIndependent: Method = (tape, drawn, { mean, covariance }) => {
  const [whole, place] = [drawn.network('pasted'), drawn.lastActivation];
  const before = oneStage(tape, whole.slice(0, place), { mean, covariance });
  return oneStage(tape, whole.slice(place + 1), adf(tape, whole.slice(place, place + 1), marginalsOf(tape, before)));
};

/** `pasted` is ReLU's covariance in network_moments. */
const METHODS: Readonly<Record<string, Method>> = {
  ADF: (tape, drawn, { mean, variance }) => adf(tape, drawn.network('exact'), { mean, variance }),
  'two-stage, independent': twoStageIndependent,
  'two-stage': (tape, drawn, { mean, covariance }) => twoStage(tape, drawn.network('pasted'), { mean, covariance }, { activation: drawn.lastActivation }),
  'one-stage': (tape, drawn, { mean, covariance }) => oneStage(tape, drawn.network('exact'), { mean, covariance }),
  'ADF, full covariance': (tape, drawn, { mean, covariance }) => adfJoint(tape, drawn.network('pasted'), { mean, covariance }),
  'ADF, exact covariance': (tape, drawn, { mean, covariance }) => adfJoint(tape, drawn.network('exact'), { mean, covariance }),
};

export interface TightnessRow extends TableRow {
  sigma: number;
  method: string;
  /** Mean absolute differences from Monte Carlo over the outputs. */
  mean_error: number;
  variance_error: number;
  /** Mean standard errors of the Monte Carlo estimates. */
  referee_mean_error: number;
  referee_variance_error: number;
}

const NUMBERS = ['mean_error', 'variance_error', 'referee_mean_error', 'referee_variance_error'] as const;

export const TIGHTNESS_COLUMNS: readonly Column[] = [
  { name: 'sigma', kind: 'float' }, { name: 'method', kind: 'text' }, ...NUMBERS.map((name) => ({ name, kind: 'float' as const })),
];

function rowsOf(sigma: number, claims: ReadonlyMap<string, Claim>, { mean, variance, meanError, varianceError }: MomentEstimate): TightnessRow[] {
  return [...claims].map(([method, claim]) => ({
    sigma, method, mean_error: meanDifference(claim.mean, mean), variance_error: meanDifference(claim.variance, variance),
    referee_mean_error: meanAbsolute(meanError), referee_variance_error: meanAbsolute(varianceError),
  }));
}

/** Samples of mean 0 times sigma, about the mean, through the network. */
function witnessOf(core: Core, whole: MomentNetwork, sigma: number, mean: Float64Array): Witness {
  const n = whole.inputs;
  const stretch = Float64Array.from({ length: n * n }, (_, place) => (place % (n + 1) === 0 ? sigma : 0));
  return {
    moments: new RunningMoments(core, whole.outputs),
    transform(tape, samples) {
      const [weight, bias] = [tape.from(stretch, [n, n], 'float64', 'sigma'), tape.from(mean, [n], 'float64', 'mean')];
      return whole.forward(tape, linear(tape, samples, weight, bias));
    },
  };
}

/** An input drawn, what every method says of it at every sigma, and its samples of mean 0. */
function drawClaims(tape: Tape, { dims, zero_mean, sigmas }: TightnessConfig, generator: Generator, drawn: RandomNetwork) {
  const { mean, covariance, variance } = drawGaussianInput(tape, generator, dims, 1, zero_mean);
  const claims = sigmas.map((sigma) => {
    const wider = { mean, covariance: scale(tape, covariance, sigma * sigma), variance: scale(tape, variance, sigma * sigma) };
    return new Map(Object.entries(METHODS).map(([name, method]) => [name, claimOf(tape, method(tape, drawn, wider))]));
  });
  return { claims, mean: mean.toArray() as Float64Array, sampler: new NormalSampler(new Float64Array(dims), covariance.view([dims, dims])) };
}

/** One network's rows, sigma by sigma; yields how many samples have been drawn. */
function* measureNetwork(core: Core, config: TightnessConfig, generator: Generator, stepper: Stepper): Iterable<number, TightnessRow[]> {
  const { dims, num_layers, sigmas, samples_count } = config;
  const drawn = drawNetwork(core, generator, Array.from({ length: num_layers + 1 }, () => dims), !config.no_first_bias);
  const { claims, mean, sampler } = stepper.step((tape) => drawClaims(tape, config, generator, drawn), { record: false });
  const witnesses = sigmas.map((sigma) => witnessOf(core, drawn.network('exact'), sigma, mean));
  try {
    yield* examine(core, sampler, generator, samples_count, 2 * dims * num_layers, witnesses);
    return witnesses.flatMap(({ moments }, index) => rowsOf(sigmas[index]!, claims[index]!, moments.estimate()));
  } finally {
    sampler.dispose();
    for (const { moments } of witnesses) moments.dispose();
    drawn.dispose();
  }
}

/** Rows of equal sigma and method as one, with the means of their numbers. */
function averaged(tables: readonly (readonly TightnessRow[])[]): TightnessRow[] {
  return tables[0]!.map((row, index) => {
    const means = NUMBERS.map((name) => [name, tables.reduce((total, table) => total + table[index]![name], 0) / tables.length] as const);
    return { ...row, ...Object.fromEntries(means) };
  });
}

/** Computes the table. @throws RangeError when memory is exhausted */
export async function* runTightness(core: Core, config: TightnessConfig): AsyncGenerator<MomentEvent<TightnessRow>> {
  const { num_layers, dims, samples_count, networks } = config;
  const total = samples_count * networks;
  yield { type: 'started', total, title: `${networks} of ${num_layers} layers of ${dims} against ${samples_count} samples` };
  const generator = new Generator(core, config.seed);
  const stepper = new Stepper(core);
  const tables: TightnessRow[][] = [];
  try {
    for (let index = 0; index < networks; index++) {
      tables.push(yield* progressOf(measureNetwork(core, config, generator, stepper), index * samples_count, total));
    }
    for (const row of averaged(tables)) yield { type: 'row', row };
    yield await finished(TIGHTNESS_COLUMNS, averaged(tables));
  } finally {
    stepper.dispose();
    generator.dispose();
  }
}
