// The notebook's configuration names and values (optConfig, SGDConfig, batchConfig, ...), and our choices after them.
import { z } from 'zod/mini';
import { checkThrough, parseAggregator, parseAttack, parsePreAggregators } from '../../robust/index.js';
import { ConfigurationError, resolveFields, type ValuesOf } from '../configuration.js';
import { choice, count, exactChoice, field as f, folder, orNone, positiveNumber, readBy, restricted, text, textOrNone, whole, wholeNumber, widths, withDefault } from '../field-types.js';
import { requirePartition } from './partition.js';

const data = 'Data';
const model = 'Model';
const method = 'Method';
const server = 'Server and attackers';
const schedule = 'Schedule and seeds';

export const METHODS = ['CentralSGD', 'CentralSARAH', 'SGD', 'BatchSGD', 'SAGA', 'SVRG', 'SARAH'] as const;
export type MethodName = (typeof METHODS)[number];

const methodName = withDefault(readBy(
  (value) => (typeof value === 'string' ? (METHODS.find((name) => name.toLowerCase() === value.toLowerCase()) ?? value) : value),
  z.enum(METHODS),
), 'SGD');

/** Batch size and step size that the notebook gives a method; BatchSGD has its own. */
const METHOD_DEFAULTS = { batch_size: 5, gamma: 0.1 };
const BATCH_DEFAULTS = { batch_size: 50, gamma: 0.5 };

export const byzantineFields = {
  dataset: f(text('mnist'), data, 'NAME|FILE', 'mnist, emnist, or the path of a LIBSVM file', 'mnist, emnist, or the path of a LIBSVM file (ijcnn1, covtype, ...)'),
  data_dir: f(folder('./MNIST'), data, 'DIR', 'a folder', 'dataset folder (torchvision layout or flat); MNIST is found without it', { cosmetic: true }),
  emnist_split: f(exactChoice(['balanced', 'letters'], 'balanced'), data, 'NAME', 'balanced or letters', 'EMNIST split'),
  validation_file: f(textOrNone, data, 'FILE', 'the path of a LIBSVM file', 'validation samples of a LIBSVM dataset; else a part is set apart'),
  validation_fraction: f(withDefault(restricted(positiveNumber, (value) => value > 0 && value < 1), 0.2), data, 'X', 'a number between 0 and 1', 'that part, drawn by --data-seed'),
  partition: f(text('contiguous'), data, 'KIND', 'a partition', 'samples to workers: contiguous, iid, sorted, dirichlet:ALPHA, gamma-similarity:GAMMA'),

  model: f(choice(['notebook', 'softmax', 'logistic', 'mlp', 'cnn'], 'notebook'), model, 'NAME', 'notebook, softmax, logistic, mlp or cnn',
    'notebook: tanh, 784-50, tanh, 50-10, softmax, then cross-entropy of the softmax; softmax regression; logistic: binary, in float64; mlp: ReLU layers, cross-entropy; cnn: two convolutions with max-pooling and a linear layer, cross-entropy'),
  hidden_dims: f(withDefault(widths, [256, 256]), model, 'LIST', 'whole numbers of at least 1, separated by commas', 'hidden widths of --model mlp; the last is the width of the cnn\'s linear layer'),

  method: f(methodName, method, 'NAME', `one of ${METHODS.join(', ')}`, METHODS.join(', ')),
  gamma: f(orNone(positiveNumber), method, 'RATE', 'a finite number of at least 0', 'step size (default: 0.1, BatchSGD 0.5)'),
  batch_size: f(orNone(wholeNumber(1)), method, 'N', count(1), 'samples a worker draws at a step (default: 5, BatchSGD 50)'),
  weight_decay: f(withDefault(positiveNumber, 0), method, 'LAMBDA', 'a finite number of at least 0', 'multiple of the parameters that every message includes'),
  momentum: f(withDefault(restricted(positiveNumber, (value) => value < 1), 0), method, 'BETA', 'a number from 0 to below 1', "worker momentum: m = beta m + (1 - beta) g"),
  snapshot_interval: f(whole(2, 60_000), method, 'N', count(2), 'steps between snapshots (SVRG), bound of the restarts (SARAH)'),
  saga_initial: f(choice(['gradient', 'zero'], 'gradient'), method, 'HOW', 'gradient or zero', "SAGA's table at the start: each sample's gradient, or zeros"),

  honest_size: f(whole(1, 50), server, 'H', count(1), 'honest workers'),
  byzantine_size: f(whole(0, 20), server, 'B', count(0), 'Byzantine workers; none without an attack'),
  aggregator: f(text('gm:variant=notebook'), server, 'RULE', 'an aggregator', "the server's rule, such as mean, median, gm, krum, trimmed-mean (isolab robust list)"),
  pre: f(text(''), server, 'LIST', 'pre-aggregators', 'applied before it, such as nnm,clipping:2'),
  attack: f(text('none'), server, 'NAME', 'an attack', 'what the Byzantine workers send, such as max-value, zero-gradient, white (isolab robust list), or none'),

  rounds: f(whole(1, 15), schedule, 'N', count(1), 'rounds, each ended by an evaluation'),
  display_interval: f(whole(1, 1000), schedule, 'N', count(1), 'steps of a round'),
  seed: f(whole(0, 100), schedule, 'N', count(0), 'initial parameters, sampling, what attackers draw'),
  init_seed: f(orNone(wholeNumber(0)), schedule, 'N', count(0), 'initial parameters by a seed of their own (default: --seed)'),
  data_seed: f(whole(0, 0), schedule, 'N', count(0), 'partition and validation split'),
  out_dir: f(folder('./outputs/byzantine'), schedule, 'DIR', 'a folder', 'folder of the outputs', { cosmetic: true }),
};

type Given = ValuesOf<typeof byzantineFields>;
/** A resolved configuration: the method's own defaults are filled in. */
export type ByzantineConfig = Omit<Given, 'gamma' | 'batch_size'> & { gamma: number; batch_size: number };

/** Calls `check`, and blames its RangeError on the configuration. */
function refusing(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
  }
}

function requireRules(config: ByzantineConfig): void {
  refusing(() => {
    const [pre, rule] = [parsePreAggregators(config.pre, '--pre'), parseAggregator(config.aggregator, '--aggregator')];
    if (config.attack !== 'none') parseAttack(config.attack, '--attack');
    checkThrough(pre, rule, config.honest_size + config.byzantine_size, config.byzantine_size);
  });
  requirePartition('--partition', config.partition);
}

const isCentral = (method: MethodName) => method.startsWith('Central');

function requireCentral({ method: name, attack, byzantine_size, momentum }: ByzantineConfig): void {
  if (!isCentral(name)) return;
  if (attack !== 'none' || byzantine_size !== 0) throw new ConfigurationError(`--method ${name}: expected no attack, since there are no workers, got --attack ${attack}`);
  if (momentum !== 0) throw new ConfigurationError(`--momentum: expected 0 with --method ${name}, which has no workers, got ${momentum}`);
}

/** Without attackers the rule sees honest workers only; without workers there is one of them, and no rule. */
function withCounts(config: ByzantineConfig): ByzantineConfig {
  const counted = config.attack === 'none' ? { ...config, byzantine_size: 0 } : config;
  return isCentral(config.method) ? { ...counted, honest_size: 1, aggregator: 'mean', pre: '', partition: 'contiguous' } : counted;
}

/**
 * Fills in defaults and checks every value that needs no data.
 * @param source named when an unknown name is met
 * @throws ConfigurationError naming the flag, what was expected and what was given
 */
export function resolveByzantineConfig(values: Record<string, unknown>, source = 'configuration'): ByzantineConfig {
  const given = resolveFields(byzantineFields, values, source);
  const defaults = given.method === 'BatchSGD' ? BATCH_DEFAULTS : METHOD_DEFAULTS;
  const config = withCounts({ ...given, gamma: given.gamma ?? defaults.gamma, batch_size: given.batch_size ?? defaults.batch_size });
  requireRules(config);
  requireCentral(config);
  const isText = config.dataset !== 'mnist' && config.dataset !== 'emnist';
  if (isText && config.model !== 'logistic') throw new ConfigurationError(`--model: expected logistic for a LIBSVM file, got ${config.model}`);
  if (config.attack.startsWith('label-flip') && config.byzantine_size === 0) throw new ConfigurationError('--byzantine-size: expected at least 1 with --attack label-flip, got 0');
  return config;
}
