import { Command, Option } from 'commander';
import { ConfigurationError, quote } from '../experiments/configuration.js';
import { resolveSplitHeadConfig, runSplitHead, type SplitHeadConfig } from '../experiments/splithead/index.js';
import type { Profile } from '../core/index.js';
import type { DatasetPair } from '../data/index.js';
import { loadSplitHeadData } from '../runs/splithead-data.js';
import { shippedCases, verifyCases } from '../verify/index.js';
import type { CliContext } from './context.js';
import { addCoreOptions, openChosenCore, parseProfile, type CoreFlags } from './core-options.js';
import { readJsonFile } from './flags.js';
import { Progress } from './progress.js';
import { dataSource } from './mnist-folders.js';
import { addSplitHeadOptions, configFromOptions } from './splithead.js';
import { UsageError } from './usage-error.js';

const FORMAT = 'isolab-verify-1';

/** A user's own case: a configuration and the digest that its results had. */
interface RecordedCase {
  command: 'splithead';
  arguments: string[];
  config: Record<string, unknown>;
  profile: Profile;
  wasm_sha256: string;
  data_sha256: string;
  result_digest: string;
}

interface RecordFile {
  format: string;
  cases: RecordedCase[];
}

interface VerifyOptions extends CoreFlags {
  record?: string;
  json?: boolean;
}

interface Verdict {
  name: string;
  holds: boolean;
  expected: string;
  got: string;
  note?: string;
}

function isRecordedCase(value: unknown): value is RecordedCase {
  const { arguments: words, config, profile, result_digest } = (value ?? {}) as Partial<RecordedCase>;
  const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
  return Array.isArray(words) && isObject && (profile === 'strict' || profile === 'fused') && typeof result_digest === 'string';
}

async function readRecordFile(context: CliContext, path: string): Promise<RecordFile> {
  const content = (await readJsonFile(context.runtime.files, 'verify', path)) as Partial<RecordFile> | null;
  if (content?.format !== FORMAT || !Array.isArray(content.cases) || !content.cases.every(isRecordedCase)) {
    throw new ConfigurationError(`verify ${path}: expected a file made by isolab verify --record, got ${quote(content)}`);
  }
  return content as RecordFile;
}

/** Runs one configuration without writing anything; its digest and what it ran on. */
async function computeDigest(context: CliContext, config: SplitHeadConfig, flags: CoreFlags, title: string) {
  const core = await openChosenCore(context, flags);
  const progress = new Progress(context);
  let data: DatasetPair;
  let digest = '';
  try {
    data = await loadSplitHeadData(dataSource(context), config);
    for await (const event of runSplitHead(core, config, data)) {
      if (event.type === 'started') {
        progress.line(title);
        progress.start(event.totalSteps, 0, '{bar} {value}/{total} steps | {eta_formatted} left');
      } else if (event.type === 'progress') progress.update(event.done, '');
      else if (event.type === 'finished') digest = event.result.digest;
    }
  } finally {
    progress.stop();
    await core.close();
  }
  return { result_digest: digest, wasm_sha256: core.wasmHash, data_sha256: data.sha256 };
}

async function parseRun(context: CliContext, words: readonly string[]): Promise<SplitHeadConfig> {
  const [name, ...flags] = words;
  if (name !== 'splithead') throw new UsageError(`verify --record: expected -- splithead and its flags, got ${name === undefined ? 'nothing' : quote(name)}`);
  const command = addSplitHeadOptions(new Command('splithead')).allowExcessArguments(false).configureOutput({ outputError: () => {} });
  command.exitOverride((error) => {
    throw new UsageError(error.message.replace(/^error: /, '').replace(/\n\(/, ' ('));
  });
  command.parse(flags, { from: 'user' });
  return configFromOptions(context.runtime.files, command.opts());
}

async function record(context: CliContext, path: string, words: readonly string[], flags: CoreFlags): Promise<RecordedCase> {
  const { files } = context.runtime;
  const config = await parseRun(context, words);
  const existing = (await files.size(path)) === undefined ? { format: FORMAT, cases: [] } : await readRecordFile(context, path);
  const profile = parseProfile(flags.profile);
  const computed = await computeDigest(context, config, flags, `recording ${words.join(' ')}`);
  const added: RecordedCase = { command: 'splithead', arguments: [...words], config, profile, ...computed };
  const same = (other: RecordedCase) => other.profile === profile && JSON.stringify(other.config) === JSON.stringify(config);
  const cases = [...existing.cases.filter((other) => !same(other)), added];
  await files.writeWhole(path, new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, cases }, null, 2)}\n`));
  return added;
}

async function* verifyFile(context: CliContext, path: string, threads: string): AsyncGenerator<Verdict> {
  const { cases } = await readRecordFile(context, path);
  for (const recorded of cases) {
    const name = `${recorded.arguments.join(' ')} (${recorded.profile})`;
    const computed = await computeDigest(context, resolveSplitHeadConfig(recorded.config, `verify ${path}`), { profile: recorded.profile, threads }, name);
    const changed = (['wasm_sha256', 'data_sha256'] as const).filter((what) => computed[what] !== recorded[what]);
    const verdict: Verdict = { name, holds: computed.result_digest === recorded.result_digest, expected: recorded.result_digest, got: computed.result_digest };
    yield changed.length === 0 ? verdict : { ...verdict, note: `${changed.join(' and ')} differ from the record` };
  }
}

async function* verifyShipped(context: CliContext, flags: CoreFlags): AsyncGenerator<Verdict> {
  const core = await openChosenCore(context, flags);
  try {
    for await (const { name, digest, expected, holds } of verifyCases(core, shippedCases)) {
      yield { name, holds, expected: expected ?? 'none recorded', got: digest };
    }
  } finally {
    await core.close();
  }
}

function describe({ name, holds, expected, got, note }: Verdict): string {
  const remark = note === undefined ? '' : ` [${note}]`;
  return holds ? `holds    ${name}${remark}` : `DIFFERS  ${name}: expected ${expected}, got ${got}${remark}`;
}

async function report(context: CliContext, verdicts: AsyncGenerator<Verdict>, json: boolean): Promise<void> {
  const all: Verdict[] = [];
  for await (const verdict of verdicts) {
    all.push(verdict);
    (json ? context.stderr : context.stdout)(`${describe(verdict)}\n`);
  }
  const differing = all.filter(({ holds }) => !holds).length;
  if (json) context.stdout(`${JSON.stringify({ engine: `${context.runtime.name} ${context.runtime.version}`, holding: all.length - differing, differing, cases: all })}\n`);
  else context.stdout(`${all.length - differing} digests hold, ${differing} differ on ${context.runtime.name} ${context.runtime.version}\n`);
  if (differing > 0) throw new Error(`verify: expected every digest to hold, got ${differing} of ${all.length} that differ`);
}

/** `isolab verify`, `isolab verify FILE`, `isolab verify --record FILE -- splithead ...`. */
export function verifyCommand(context: CliContext): Command {
  const command = new Command('verify')
    .description('runs the shipped cases, or a file of your own, and says which digests hold on this machine')
    .argument('[words...]', 'a file made with --record; or, with --record, -- splithead and its flags')
    .addOption(new Option('--record <FILE>', 'run the configuration after -- and add its digest to FILE'))
    .addOption(new Option('--json', 'print the verdicts as one line of JSON on stdout'));
  return addCoreOptions(command, 'Running:')
    .action(async (words: string[], options: VerifyOptions) => {
      if (options.record !== undefined) {
        const added = await record(context, options.record, words, options);
        context.stdout(options.json === true ? `${JSON.stringify(added)}\n` : `recorded ${added.result_digest} in ${options.record}\n`);
        return;
      }
      if (words.length > 1) throw new UsageError(`verify: expected at most one file, got ${words.length} words`);
      await report(context, words.length === 1 ? verifyFile(context, words[0]!, options.threads) : verifyShipped(context, options), options.json === true);
    });
}
