// `isolab moments propagate`: the moments of somebody's network, as JSON.
import { Command, Option } from 'commander';
import { quote } from '../experiments/configuration.js';
import { propagate, PROPAGATION_METHODS, type Propagated, type PropagationInput, type PropagationOptions } from '../experiments/moments/index.js';
import { requireCovariance, type Derivative } from '../moments/index.js';
import { readNetworkFile } from '../runs/network-file.js';
import { Stepper } from '../tensor/index.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, type CoreFlags } from './core-options.js';
import { readJsonOrPath } from './flags.js';
import { UsageError } from './usage-error.js';
import { parseWhole } from './whole-number.js';

interface Flags extends CoreFlags {
  model: string;
  mean: string;
  cov: string;
  method: string;
  activation?: string;
  derivative: string;
  count: string;
  seed: string;
}

/** A RangeError of what is asked for is about the command line; `prefix` names the flag where the error does not. */
function asUsage<T>(act: () => T, prefix = ''): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(prefix + error.message) : error;
  }
}

function parseChoice<const T extends string>(flag: string, given: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === given);
  if (choice === undefined) throw new UsageError(`${flag}: expected one of ${choices.join(', ')}, got ${quote(given)}`);
  return choice;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Nested lists as one, whatever their depth: an image's means may stand as channels of rows. */
function flattened(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flat(Infinity) : [value];
}

function readMean(value: unknown, n: number): Float64Array {
  const numbers = flattened(value);
  const wrong = numbers.find((each) => !isNumber(each));
  if (!Array.isArray(value) || wrong !== undefined) throw new UsageError(`--mean: expected a list of ${n} finite numbers, got ${quote(wrong ?? value)}`);
  if (numbers.length !== n) throw new UsageError(`--mean: expected ${n} numbers, as many as the model has inputs, got ${numbers.length}`);
  return Float64Array.from(numbers as number[]);
}

const COVARIANCE = (n: number) => `one variance of at least 0, ${n} of them, or ${n} rows of ${n} numbers, as many as the model has inputs`;

function readVariances(values: readonly number[]): PropagationInput['covariance'] {
  const negative = values.findIndex((value) => value < 0);
  if (negative >= 0) throw new UsageError(`--cov: expected variances of at least 0, got ${values[negative]} at position ${negative}`);
  return { kind: 'diagonal', values: Float64Array.from(values) };
}

/** One variance for all features, a list of them, or rows. */
function readCovariance(value: unknown, n: number): PropagationInput['covariance'] {
  const wrong = flattened(value).find((each) => !isNumber(each));
  if (wrong !== undefined) throw new UsageError(`--cov: expected ${COVARIANCE(n)}, all finite, got ${quote(wrong)}`);
  if (isNumber(value)) return readVariances(Array.from({ length: n }, () => value));
  const rows = value as unknown[];
  const extents = rows.map((row) => (Array.isArray(row) ? row.length : 'a number'));
  if (rows.length === n && rows.every(isNumber)) return readVariances(rows);
  if (rows.length === n && rows.every((row) => Array.isArray(row) && row.length === n && row.every(isNumber))) {
    return { kind: 'full', values: Float64Array.from((rows as number[][]).flat()) };
  }
  const got = extents.every((extent) => extent === 'a number') ? `${rows.length} numbers` : `${rows.length} rows of ${[...new Set(extents)].join(' and ')}`;
  throw new UsageError(`--cov: expected ${COVARIANCE(n)}, got ${got}`);
}

function requireSemidefinite(stepper: Stepper, { kind, values }: PropagationInput['covariance'], n: number): void {
  if (kind === 'diagonal') return;
  asUsage(() => stepper.step((tape) => requireCovariance('--cov', tape.from(values, [n, n], 'float64', '--cov')), { record: false }));
}

function readOptions(flags: Flags): PropagationOptions {
  const method = parseChoice('--method', flags.method, PROPAGATION_METHODS);
  const derivative: Derivative = parseChoice('--derivative', flags.derivative, ['jacobian', 'trick']);
  if (flags.activation !== undefined && method !== 'two-stage') throw new UsageError(`--activation: expected only with --method two-stage, got it with ${method}`);
  return {
    method, derivative, count: parseWhole('--count', flags.count, 2), seed: parseWhole('--seed', flags.seed, 0),
    ...(flags.activation === undefined ? {} : { activation: parseWhole('--activation', flags.activation, 0) }),
  };
}

/** JSON has no infinities. @throws Error when a moment is one, or no number */
function requireFinite(moments: Propagated): Propagated {
  for (const [name, values] of Object.entries(moments)) {
    const wrong = Array.isArray(values) ? flattened(values).find((value) => !isNumber(value)) : undefined;
    if (wrong !== undefined) throw new Error(`propagate: expected finite moments, got ${String(wrong)} in ${name}; scale the input or the weights down`);
  }
  return moments;
}

async function run(context: CliContext, flags: Flags): Promise<void> {
  const { files } = context.runtime;
  const options = readOptions(flags);
  const core = await openChosenCore(context, flags);
  const stepper = new Stepper(core);
  try {
    const { network } = await readNetworkFile(core, files, '--model', flags.model);
    const n = network.inputs;
    const input = { mean: readMean(await readJsonOrPath(files, '--mean', flags.mean), n), covariance: readCovariance(await readJsonOrPath(files, '--cov', flags.cov), n) };
    requireSemidefinite(stepper, input.covariance, n);
    const moments = asUsage(() => propagate(network, input, stepper, options), `--method ${options.method}: `);
    context.stdout(`${JSON.stringify(requireFinite(moments))}\n`);
  } finally {
    stepper.dispose();
    await core.close();
  }
}

/** `isolab moments propagate` */
export function propagateCommand(context: CliContext): Command {
  const running = 'Running:';
  const command = new Command('propagate').description('prints mean and covariance of a network\'s outputs for a Gaussian input as JSON')
    .requiredOption('--model <FILE>', 'the network: {"input": [n], "layers": [{"kind": "linear", "weight": ..., "bias": ...}, {"kind": "relu"}, ...]}; the safetensors file of weights given by name stands in "tensors"')
    .requiredOption('--mean <JSON>', "the input's means: a list, nested for an image, or the path of a JSON file")
    .requiredOption('--cov <JSON>', 'one variance for all inputs, a list of them, or a covariance as rows; or the path of a JSON file')
    .addOption(new Option('--method <NAME>', `${PROPAGATION_METHODS.join(', ')}: layer by layer with full covariances; with variances alone; linearised on either side of one activation, or wholly; by samples`).default('exact'))
    .option('--activation <N>', 'of two-stage: place of the activation that stays exact among the layers, from 0 (default: the last)')
    .addOption(new Option('--derivative <NAME>', 'of the linearisations: jacobian, or trick (finite differences)').default('jacobian'))
    .option('--count <N>', 'of monte-carlo: samples', '100000')
    .option('--seed <N>', 'of monte-carlo: seed of the samples', '0');
  return addCoreOptions(command, running).action((flags: Flags) => run(context, flags));
}
