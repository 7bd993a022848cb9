// From the words of a command to the runs they mean: specification, configurations, datasets, identities.
import { openCore, type Profile } from '../core/index.js';
import { DataError, type DatasetPair } from '../data/index.js';
import type { RunSetting } from '../experiments/identity.js';
import { splitHeadRunId, type SplitHeadConfig } from '../experiments/splithead/index.js';
import {
  expandSweep, officialSize, readSweepSpecification, selectFrom, SHIPPED_SWEEPS, shippedSweep, type DatasetSize, type Selection, type SweepRun, type SweepSpecification,
} from '../sweep/index.js';
import type { DataPlaces } from '../runs/data-source.js';
import { loadWholeData, splitHeadPlaces } from '../runs/splithead-data.js';
import type { CliContext } from './context.js';
import { readJsonFile } from './flags.js';
import { dataSource } from './mnist-folders.js';
import { UsageError } from './usage-error.js';

/** A run with what names it and where its data is. */
export interface PlannedRun {
  run: SweepRun;
  runId: string;
  setting: RunSetting;
  folders: DataPlaces;
  /** Of the whole dataset, before classes are left out. */
  size: DatasetSize;
}

/** A dataset that runs need: there, or why not. */
export interface NeededData {
  name: string;
  sha256: string | undefined;
  size: DatasetSize;
  error: Error | undefined;
}

export interface SweepPlan {
  spec: SweepSpecification;
  /** In the sweep's order. */
  runs: PlannedRun[];
  /** Those whose dataset is not there, so that nothing names them; sizes are the official dataset's. */
  withoutData: Pick<PlannedRun, 'run' | 'size'>[];
  data: NeededData[];
  wasmHash: string;
  profile: Profile;
}

export interface PlanOptions {
  selection: Selection;
  /** In place of every configuration's data_dir. */
  dataDir?: string | undefined;
  profile: Profile;
}

/** A shipped sweep by its name, or one of a JSON file. @throws UsageError for neither */
export async function readSweep(context: CliContext, given: string): Promise<SweepSpecification> {
  const shipped = shippedSweep(given);
  if (shipped !== undefined) return shipped;
  if (!given.endsWith('.json')) throw new UsageError(`sweep: expected ${SHIPPED_SWEEPS.join(', ')} or the path of a .json file, got ${JSON.stringify(given)}`);
  return readSweepSpecification(await readJsonFile(context.runtime.files, 'sweep', given), `sweep ${given}`);
}

const dataKey = ({ dataset, emnist_split, data_dir }: SplitHeadConfig) => JSON.stringify([dataset, dataset === 'emnist' ? emnist_split : '', data_dir]);

async function lookAtData(context: CliContext, config: SplitHeadConfig): Promise<NeededData & { pair: DatasetPair | undefined }> {
  const name = config.dataset === 'emnist' ? `emnist ${config.emnist_split}` : config.dataset;
  try {
    const pair = await loadWholeData(dataSource(context), config);
    return { name, pair, sha256: pair.sha256, size: { train: pair.train.count, test: pair.test.count }, error: undefined };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { name, pair: undefined, sha256: undefined, size: officialSize(config), error };
  }
}

/** Of the build that jobs open. */
async function wasmHashOf(profile: Profile): Promise<string> {
  const core = await openCore({ profile, kernels: 'all' });
  await core.close();
  return core.wasmHash;
}

/**
 * Expands a selection and names its runs. Each dataset is read once.
 * @param withData is shown each dataset that is there
 * @throws ConfigurationError for a configuration that `splithead` refuses, whichever run it is
 */
export async function planSweep(
  context: CliContext, sweep: SweepSpecification, options: PlanOptions, withData: (pair: DatasetPair) => void = () => {},
): Promise<SweepPlan> {
  const spec = selectFrom(sweep, options.selection);
  const { profile } = options;
  const wasmHash = await wasmHashOf(profile);
  const known = new Map<string, NeededData>();
  const runs: PlannedRun[] = [];
  const withoutData: SweepPlan['withoutData'] = [];
  for (const run of expandSweep(spec, options.dataDir)) {
    const key = dataKey(run.config);
    if (!known.has(key)) {
      const { pair, ...data } = await lookAtData(context, run.config);
      if (pair !== undefined) withData(pair);
      known.set(key, data);
    }
    const { sha256, size } = known.get(key)!;
    if (sha256 === undefined) {
      withoutData.push({ run, size });
      continue;
    }
    const setting = { profile, wasmHash, dataHash: sha256 };
    runs.push({ run, runId: await splitHeadRunId(run.config, setting), setting, folders: splitHeadPlaces(dataSource(context), run.config), size });
  }
  return { spec, runs, withoutData, data: [...known.values()], wasmHash, profile };
}

/** One of each identity: conditions and sweeps may have runs in common. */
export function distinctRuns(runs: readonly PlannedRun[]): PlannedRun[] {
  return [...new Map(runs.map((planned) => [planned.runId, planned] as const)).values()];
}

/** @throws DataError naming the dataset that is not there */
export function requireData({ data }: SweepPlan): void {
  for (const { error } of data) if (error !== undefined) throw error;
}
