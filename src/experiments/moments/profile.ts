// The notebook's "profile A S A^T if we know A versus our trick": three ways to the covariance of a linearised network.
import type { Core } from '../../core/index.js';
import { affineCovariance, jacobian, oneStage, type Joint, type MomentNetwork } from '../../moments/index.js';
import { Generator } from '../../random/index.js';
import { Stepper, Tensor, type Tape } from '../../tensor/index.js';
import { resolveFields, type ValuesOf } from '../configuration.js';
import { count, field as f, folder, positiveNumber, restricted, whole, widths, withDefault } from '../field-types.js';
import { finished, type Column, type MomentEvent, type TableRow } from './events.js';
import { drawGaussianInput } from './gaussian-input.js';
import { drawNetwork } from './random-network.js';

const network = 'Network and input';
const timing = 'Timing and seed';

export const profileFields = {
  dims: f(withDefault(restricted(widths, (all) => all.length > 0), [16, 32, 64, 128, 256, 512]), network, 'LIST', 'whole numbers of at least 1, separated by commas', 'features of the input and of the output, one measurement each'),
  dim: f(whole(1, 1000), network, 'N', count(1), 'features of the layers between'),
  layers: f(whole(2, 10), network, 'N', count(2), 'linear layers, with ReLU between them'),
  sigma: f(withDefault(restricted(positiveNumber, (value) => value > 0), 10), network, 'X', 'a finite number above 0', 'the means are normal with that deviation, the covariance has norm sigma^2'),
  trials: f(whole(1, 7), timing, 'N', count(1), 'times that each way is taken; the time is their mean, after one that does not count'),
  seed: f(whole(0, 0), timing, 'N', count(0), 'seed of networks and inputs'),
  out_dir: f(folder('./outputs/moments/profile'), timing, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

export type ProfileConfig = ValuesOf<typeof profileFields>;

/** @throws ConfigurationError naming the flag, what was expected and what was given */
export function resolveProfileConfig(values: Record<string, unknown>, source = 'configuration'): ProfileConfig {
  return resolveFields(profileFields, values, source);
}

export interface ProfileRow extends TableRow {
  dims: number;
  /** Frobenius norm of the covariance A S A^T. */
  norm: number;
  /** Frobenius norms of what the other ways differ by, divided by it. */
  trick_difference: number;
  cache_difference: number;
}

const NUMBERS = ['norm', 'trick_difference', 'cache_difference'] as const;

export const PROFILE_COLUMNS: readonly Column[] = [{ name: 'dims', kind: 'whole' }, ...NUMBERS.map((name) => ({ name, kind: 'float' as const }))];

/** The three ways; `known` is the Jacobian A at the input's mean, computed before. */
const WAYS = {
  'A S A^T': (tape: Tape, whole: MomentNetwork, input: Joint) => oneStage(tape, whole, input).covariance,
  Trick: (tape: Tape, whole: MomentNetwork, input: Joint) => oneStage(tape, whole, input, { derivative: 'trick' }).covariance,
  Cache: (tape: Tape, _whole: MomentNetwork, { covariance }: Joint, known: Tensor) => affineCovariance(tape, known, covariance),
};

export const WAY_NAMES = Object.keys(WAYS);

function norm(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * values[i]!;
  return Math.sqrt(total);
}

function compare(dims: number, [known, trick, cache]: readonly Float64Array[]): ProfileRow {
  const size = norm(known!);
  const difference = (other: Float64Array) => norm(other.map((value, index) => value - known![index]!)) / size;
  return { dims, norm: size, trick_difference: difference(trick!), cache_difference: difference(cache!) };
}

/** Takes every way for one dimension. */
async function* measure(core: Core, generator: Generator, dims: number, { dim, layers, sigma, trials }: ProfileConfig, now: () => number): AsyncGenerator<MomentEvent<ProfileRow>, ProfileRow> {
  const drawn = drawNetwork(core, generator, [dims, ...Array.from({ length: layers - 1 }, () => dim), dims]);
  const [stepper, drawing] = [new Stepper(core), new Stepper(core)];
  const whole = drawn.network('exact');
  const kept = drawing.step((tape) => {
    const { mean, covariance } = drawGaussianInput(tape, generator, dims, sigma);
    const keep = (tensor: Tensor) => Tensor.from(core, tensor.toArray(), tensor.shape, 'float64', 'input');
    return { mean: keep(mean), covariance: keep(covariance), known: keep(jacobian(tape, whole, mean)) };
  }, { record: false });
  try {
    const results: Float64Array[] = [];
    for (const [way, take] of Object.entries(WAYS)) {
      const once = () => stepper.step((tape) => void (results[WAY_NAMES.indexOf(way)] = take(tape, whole, kept, kept.known).toArray() as Float64Array), { record: false });
      once();
      const began = now();
      for (let trial = 0; trial < trials; trial++) once();
      yield { type: 'duration', duration: { part: `${way}, ${dims}`, seconds: (now() - began) / 1000 / trials } };
    }
    return compare(dims, results);
  } finally {
    for (const tensor of Object.values(kept)) tensor.dispose();
    stepper.dispose();
    drawing.dispose();
    drawn.dispose();
  }
}

/**
 * Computes and times the three ways for every dimension; the covariances are in the rows, the times in `duration` events.
 * @param now milliseconds of a monotonic clock @throws RangeError when memory is exhausted
 */
export async function* runProfile(core: Core, config: ProfileConfig, now: () => number): AsyncGenerator<MomentEvent<ProfileRow>> {
  const { dims: all, layers, dim, seed } = config;
  yield { type: 'started', total: all.length, title: `${layers} layers of ${dim} between inputs and outputs of ${all.join(', ')}` };
  const generator = new Generator(core, seed);
  const rows: ProfileRow[] = [];
  try {
    for (const dims of all) {
      const row = yield* measure(core, generator, dims, config, now);
      rows.push(row);
      yield { type: 'progress', done: rows.length, total: all.length, note: `${dims}` };
      yield { type: 'row', row };
    }
    yield await finished(PROFILE_COLUMNS, rows);
  } finally {
    generator.dispose();
  }
}
