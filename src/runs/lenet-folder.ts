// The folder of LeNet's training runs: each run in a folder of its own, named by its content hash.
import { identifying, runIdOf, type RunSetting } from '../experiments/identity.js';
import { LENET, lenetFields, type LenetConfig, type LenetResult, type LenetRow } from '../experiments/moments/index.js';
import { encodeSafetensors } from '../nn/index.js';
import { formatPandasCsv, removeNamed, writeTidily, type PandasColumn } from '../outputs/index.js';
import type { Files } from '../runtime/runtime.js';
import { VERSION } from '../version.js';

export interface LenetRecord {
  run_id: string;
  config: LenetConfig;
  rows: LenetRow[];
  result_digest: string;
  program: string;
  profile: string;
  wasm_sha256: string;
  data_sha256: string;
  bits_promised: true;
}

/** The network's numbers, beside its layers. */
export const LENET_WEIGHTS = 'lenet.safetensors';
/** The network file: layers here, numbers in the file of tensors beside it. */
export const LENET_FILE = 'lenet.json';

const EPOCH_COLUMNS: readonly PandasColumn[] = [
  { name: 'epoch', kind: 'whole' }, { name: 'steps', kind: 'whole' }, { name: 'train_loss', kind: 'float' }, { name: 'test_loss', kind: 'float' }, { name: 'test_accuracy', kind: 'float' },
];

const encode = (text: string) => new TextEncoder().encode(text);

/** The 12 hexadecimal digits that name a run. */
export function lenetRunId(config: LenetConfig, setting: RunSetting): Promise<string> {
  return runIdOf('moments lenet', identifying(lenetFields, config), setting);
}

export class LenetFolder {
  readonly path: string;
  readonly #files: Files;
  readonly #runId: string;

  constructor(files: Files, outDir: string, runId: string) {
    this.#files = files;
    this.#runId = runId;
    this.path = `${outDir}/${runId}`;
  }

  get checkpointPath(): string {
    return `${this.path}/.checkpoint.safetensors`;
  }

  /** @throws Error naming --out-dir when it cannot be written */
  async open(): Promise<void> {
    try {
      await this.#files.makeFolder(this.path);
    } catch (error) {
      throw new Error(`--out-dir: expected a folder that can be written, got ${this.path} (${(error as Error).message})`);
    }
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    return (await this.#files.size(path)) === undefined ? undefined : this.#files.read(path);
  }

  /** The run's record, if it has ended here; a checkpoint that a kill left beside it goes. */
  async recorded(): Promise<LenetRecord | undefined> {
    const path = `${this.path}/record.json`;
    const bytes = await this.#read(path);
    if (bytes === undefined) return undefined;
    await removeNamed(this.#files, this.path, '.checkpoint.safetensors');
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as LenetRecord;
    } catch (error) {
      throw new Error(`${path}: expected the JSON that isolab wrote, got ${(error as Error).message}; remove the file to compute it again`);
    }
  }

  readCheckpoint(): Promise<Uint8Array | undefined> {
    return this.#read(this.checkpointPath);
  }

  async writeCheckpoint(bytes: Uint8Array): Promise<void> {
    await this.#files.writeWhole(this.checkpointPath, bytes);
  }

  /**
   * Writes the network, epochs.csv, seconds.csv, and record.json, which says that the run has ended.
   * @param seconds of each epoch that was computed without interruption, by its number
   * @param setting what the run's name was made of beside its configuration
   */
  async record(config: LenetConfig, { rows, digest, parameters }: LenetResult, seconds: ReadonlyMap<number, number>, setting: RunSetting): Promise<LenetRecord> {
    const record: LenetRecord = {
      run_id: this.#runId, config, rows, result_digest: digest, program: `isolab ${VERSION}`,
      profile: setting.profile, wasm_sha256: setting.wasmHash, data_sha256: setting.dataHash, bits_promised: true,
    };
    const times = [...seconds].map(([epoch, spent]) => ({ epoch, seconds: spent }));
    await this.#write(LENET_WEIGHTS, encodeSafetensors({ tensors: parameters, metadata: { run_id: record.run_id, result_digest: digest } }));
    await this.#write(LENET_FILE, encode(`${JSON.stringify({ tensors: LENET_WEIGHTS, ...LENET }, null, 2)}\n`));
    await this.#write('epochs.csv', encode(formatPandasCsv(EPOCH_COLUMNS, record.rows as unknown as Record<string, unknown>[])));
    await this.#write('seconds.csv', encode(formatPandasCsv([{ name: 'epoch', kind: 'whole' }, { name: 'seconds', kind: 'float' }], times)));
    await this.#write('record.json', encode(`${JSON.stringify(record, null, 2)}\n`));
    await removeNamed(this.#files, this.path, '.checkpoint.safetensors');
    return record;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await writeTidily(this.#files, this.path, name, bytes);
  }
}
