import { Command, Option } from 'commander';
import { openCore, type Core } from '../core/index.js';
import { Generator } from '../random/index.js';
import {
  aggregateThrough, AGGREGATORS, catalogEntries, describeCatalog, NON_FINITE_POLICIES, normalsOf, parseAggregator, parseAttack, parsePreAggregators, readRows,
  ROW_FORMATS, type Aggregator, type NonFinitePolicy, type PreAggregator, type RowFormat, type Vectors,
} from '../robust/index.js';
import type { CliContext } from './context.js';
import { UsageError } from './usage-error.js';
import { parseWhole } from './whole-number.js';

interface InputFlags {
  input: string;
  format: string;
  byzantine: string;
  seed: string;
}

interface AggregateFlags extends InputFlags {
  aggregator: string;
  pre: string;
  nonFinite: string;
  trusted?: string;
}

interface AttackFlags extends InputFlags {
  attack: string;
  aggregator?: string;
  pre: string;
}

function parseChoice<T extends string>(flag: string, given: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === given);
  if (choice === undefined) throw new UsageError(`${flag}: expected one of ${choices.join(', ')}, got ${JSON.stringify(given)}`);
  return choice;
}

/** A RangeError of the library is about what the command line asked for. */
function asUsage<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

async function readInput({ runtime }: CliContext, path: string): Promise<Uint8Array> {
  if (path !== '-') {
    try {
      return await runtime.files.read(path);
    } catch (error) {
      throw new UsageError(`--input: expected a file that can be read, got ${JSON.stringify(path)} (${(error as Error).message})`);
    }
  }
  if (runtime.readStandardInput === undefined) throw new UsageError(`--input: expected a file, got none, and ${runtime.name} has no standard input here`);
  return runtime.readStandardInput();
}

async function readVectors(context: CliContext, { input, format }: InputFlags, policy: NonFinitePolicy): Promise<Vectors> {
  const chosen: RowFormat = parseChoice('--format', format, ROW_FORMATS);
  const text = new TextDecoder().decode(await readInput(context, input));
  return readRows(text, input === '-' ? '--input -' : `--input ${input}`, chosen, policy === 'error');
}

function seededGenerator(core: Core, seed: bigint): Generator {
  try {
    return new Generator(core, seed);
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

/** Runs with a generator of its own, and gives its memory back. */
async function withGenerator<T>(seed: string, act: (generator: Generator) => T): Promise<T> {
  if (!/^-?\d{1,20}$/.test(seed)) throw new UsageError(`--seed: expected a whole number, got ${JSON.stringify(seed)}`);
  const core: Core = await openCore({ profile: 'strict', threads: 1 });
  try {
    return act(seededGenerator(core, BigInt(seed)));
  } finally {
    await core.close();
  }
}

/** Shortest decimals that read back as the same float64; NaN and infinities as Python's json writes them. */
function formatRow(row: Float64Array): string {
  return `[${Array.from(row, (value) => (Object.is(value, -0) ? '-0.0' : String(value))).join(', ')}]`;
}

function checkTrusted(aggregator: Aggregator, trusted: string | undefined): number {
  if (trusted === undefined) return 0;
  const users = AGGREGATORS.filter(({ usesTrusted }) => usesTrusted === true).map(({ name }) => name);
  if (!aggregator.usesTrusted) throw new UsageError(`--trusted: expected only with ${users.join(' or ')}, got it with ${aggregator.name}`);
  return parseWhole('--trusted', trusted, 0);
}

async function aggregate(context: CliContext, flags: AggregateFlags): Promise<void> {
  const [aggregator, pre] = asUsage(() => [parseAggregator(flags.aggregator, '--aggregator'), parsePreAggregators(flags.pre, '--pre')] as [Aggregator, PreAggregator[]]);
  const byzantine = parseWhole('--byzantine', flags.byzantine, 0);
  const nonFinite = parseChoice('--non-finite', flags.nonFinite, NON_FINITE_POLICIES);
  const trusted = checkTrusted(aggregator, flags.trusted);
  const vectors = await readVectors(context, flags, nonFinite);
  const result = await withGenerator(flags.seed, (generator) => asUsage(() => aggregateThrough(pre, aggregator, vectors, { byzantine, trusted, nonFinite, generator })));
  context.stdout(`${formatRow(result)}\n`);
}

/** The rule that a searching attack is up against. */
function ruleUnderAttack({ attack, aggregator, pre }: AttackFlags, byzantine: number, usesAggregate: boolean, generator: Generator) {
  if (!usesAggregate) {
    if (aggregator !== undefined || pre !== '') throw new UsageError(`--aggregator, --pre: expected only with an attack that searches, got them with ${JSON.stringify(attack)}`);
    return undefined;
  }
  if (aggregator === undefined) throw new UsageError(`--aggregator: expected the rule that ${JSON.stringify(attack)} is up against, got none`);
  const rule = parseAggregator(aggregator, '--aggregator');
  const before = parsePreAggregators(pre, '--pre');
  return (vectors: Vectors) => aggregateThrough(before, rule, vectors, { byzantine, generator });
}

async function craft(context: CliContext, flags: AttackFlags): Promise<void> {
  const attack = asUsage(() => parseAttack(flags.attack, '--attack'));
  const byzantine = parseWhole('--byzantine', flags.byzantine, 1);
  const honest = await readVectors(context, flags, 'error');
  const rows = await withGenerator(flags.seed, (generator) => asUsage(() => {
    const rule = ruleUnderAttack(flags, byzantine, attack.usesAggregate, generator);
    return attack.craft(honest, byzantine, { generator: normalsOf(generator), step: 0, ...(rule === undefined ? {} : { aggregate: rule }) });
  }));
  const { count, dimension, values } = rows;
  const lines = Array.from({ length: count }, (_, row) => formatRow(values.subarray(row * dimension, (row + 1) * dimension)));
  context.stdout(`[${lines.join(',\n ')}]\n`);
}

function addInput(command: Command, byzantine: string): Command {
  return command
    .requiredOption('--byzantine <F>', byzantine)
    .option('--input <FILE>', 'rows of numbers: JSON such as [[1, 2], [3, 4]], or CSV with an optional header line; - for standard input', '-')
    .addOption(new Option('--format <NAME>', `${ROW_FORMATS.join(', ')}: JSON when the text begins with [`).default('auto'))
    .option('--seed <N>', "seed of what is drawn: bucketing's order, the white attack's noise", '0');
}

/** `isolab robust aggregate | attack | list`: robust aggregation of vectors from a file. */
export function robustCommand(context: CliContext): Command {
  const command = new Command('robust').description('aggregates vectors of which some may be Byzantine, crafts attacks, lists the rules');
  addInput(command.command('aggregate').description('prints the aggregate of the rows as a JSON list'), 'f: how many rows may be Byzantine')
    .requiredOption('--aggregator <NAME>', 'the rule, with its options: gm, krum:neighbours=n-f-1 (isolab robust list names them)')
    .option('--pre <LIST>', 'pre-aggregators in order: nnm,clipping:2', '')
    .option('--non-finite <NAME>', `rows with NaN or infinities: ${NON_FINITE_POLICIES.join(', ')} (refused; left out, f one less for each; sorted above and never selected)`, 'error')
    .option('--trusted <ROW>', 'the row that monna and fltrust trust, counting from 0 (default: 0)')
    .action((flags: AggregateFlags) => aggregate(context, flags));
  addInput(command.command('attack').description('prints the rows that Byzantine workers would add to the honest ones as JSON'), 'how many rows to craft')
    .requiredOption('--attack <NAME>', 'the attack, with its options: alie:tau=1.5 (isolab robust list names them)')
    .option('--aggregator <NAME>', 'the rule under attack, for attacks that search')
    .option('--pre <LIST>', 'pre-aggregators of the rule under attack', '')
    .action((flags: AttackFlags) => craft(context, flags));
  command.command('list').description('prints every rule, pre-aggregator and attack with its options')
    .option('--json', 'print one line of JSON')
    .action(({ json }: { json?: boolean }) => context.stdout(json === true ? `${JSON.stringify(catalogEntries())}\n` : describeCatalog()));
  return command;
}
