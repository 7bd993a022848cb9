// The folder of LeNet's training runs: each run in a folder of its own, named by its content hash.
import { identifying, runIdOf, type RunSetting } from '../experiments/identity.js';
import { LENET, lenetFields, type LenetConfig, type LenetResult, type LenetRow } from '../experiments/moments/index.js';
import { encodeSafetensors } from '../nn/index.js';
import { formatPandasCsv, type PandasColumn } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { recordOf, RunFolder, type RunRecord } from './run-folder.js';

export type LenetRecord = RunRecord<LenetConfig> & { rows: LenetRow[] };

/** The network's numbers, beside its layers. */
export const LENET_WEIGHTS = 'lenet.safetensors';
/** The network file: layers here, numbers in the file of tensors beside it. */
export const LENET_FILE = 'lenet.json';

const EPOCH_COLUMNS: readonly PandasColumn[] = [
  { name: 'epoch', kind: 'whole' }, { name: 'steps', kind: 'whole' }, { name: 'train_loss', kind: 'float' }, { name: 'test_loss', kind: 'float' }, { name: 'test_accuracy', kind: 'float' },
];

/** The 12 hexadecimal digits that name a run. */
export function lenetRunId(config: LenetConfig, setting: RunSetting): Promise<string> {
  return runIdOf('moments lenet', identifying(lenetFields, config), setting);
}

export class LenetFolder extends RunFolder<LenetRecord> {
  readonly #runId: string;

  constructor(files: Files, outDir: string, runId: string) {
    super(files, `${outDir}/${runId}`);
    this.#runId = runId;
  }

  /**
   * Writes the network, epochs.csv, seconds.csv, and record.json, which says that the run has ended.
   * @param seconds of each epoch that was computed without interruption, by its number
   * @param setting what the run's name was made of beside its configuration
   */
  async record(config: LenetConfig, { rows, digest, parameters }: LenetResult, seconds: ReadonlyMap<number, number>, setting: RunSetting): Promise<LenetRecord> {
    const record: LenetRecord = recordOf(this.#runId, config, { rows }, digest, setting);
    const times = [...seconds].map(([epoch, spent]) => ({ epoch, seconds: spent }));
    await this.write(LENET_WEIGHTS, encodeSafetensors({ tensors: parameters, metadata: { run_id: this.#runId, result_digest: digest } }));
    await this.write(LENET_FILE, `${JSON.stringify({ tensors: LENET_WEIGHTS, ...LENET }, null, 2)}\n`);
    await this.write('epochs.csv', formatPandasCsv(EPOCH_COLUMNS, rows as unknown as Record<string, unknown>[]));
    await this.write('seconds.csv', formatPandasCsv([{ name: 'epoch', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times));
    await this.end(`${JSON.stringify(record, null, 2)}\n`);
    return record;
  }
}
